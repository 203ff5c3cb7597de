// The bar on top of a page: its title, what belongs to it, and the signed-in person's menu.
import { lazy, Suspense, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useSignedIn } from "../state/session";

const userMenu = () => import("./user_menu");
const UserMenu = lazy(userMenu);

export function PageHeader({ children }: { children: ReactNode }) {
  return (
    <header className="page-header">
      {children}
      <UserButton />
    </header>
  );
}

function initials(name: string): string {
  const words = name.split(/[\s._@-]+/).filter(Boolean);
  const last = words.length > 1 ? words.at(-1) : "";
  return ((words[0]?.[0] ?? "") + (last?.[0] ?? "")).toUpperCase();
}

function UserButton() {
  const { t } = useTranslation();
  const { user } = useSignedIn();
  const [wanted, setWanted] = useState(false);
  const button = (
    <button
      type="button"
      className="user-button"
      aria-label={t("user.menu", { name: user.name })}
      {...(wanted ? {} : { "aria-haspopup": "menu", "aria-expanded": false, onClick: () => setWanted(true) })}
      onPointerEnter={() => void userMenu()}
    >
      <span className="user-initials" aria-hidden>
        {initials(user.name)}
      </span>
      <span className="user-name">{user.name}</span>
    </button>
  );
  if (!wanted) return button;
  return (
    <Suspense fallback={button}>
      <UserMenu>{button}</UserMenu>
    </Suspense>
  );
}
