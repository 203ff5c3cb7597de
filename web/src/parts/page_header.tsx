// The bar on top of a page: its title, what belongs to it, and the signed-in person's menu.
import { Menu, useMantineColorScheme } from "@mantine/core";
import { IconLogout, IconMoon, IconSun } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useSignedIn, useSignOut } from "../state/session";

export function PageHeader({ children }: { children: ReactNode }) {
  return (
    <header className="page-header">
      {children}
      <UserMenu />
    </header>
  );
}

function initials(name: string): string {
  const words = name.split(/[\s._@-]+/).filter(Boolean);
  const last = words.length > 1 ? words.at(-1) : "";
  return ((words[0]?.[0] ?? "") + (last?.[0] ?? "")).toUpperCase();
}

function UserMenu() {
  const { t } = useTranslation();
  const { user, archive } = useSignedIn();
  const signOut = useSignOut();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const other = colorScheme === "light" ? "dark" : "light";
  const role = t(`roles.${user.role}`, { defaultValue: user.role });
  return (
    <Menu position="bottom-end" width={210} withInitialFocusPlaceholder={false} transitionProps={{ duration: 80 }}>
      <Menu.Target>
        <button type="button" className="user-button" aria-label={t("user.menu", { name: user.name })}>
          <span className="user-initials" aria-hidden>
            {initials(user.name)}
          </span>
          <span className="user-name">{user.name}</span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <div className="user-label">{`${user.name} · ${role}`}</div>
        <Menu.Item
          leftSection={other === "light" ? <IconSun size={16} stroke={1.6} /> : <IconMoon size={16} stroke={1.6} />}
          onClick={() => setColorScheme(other)}
        >
          {t(other === "light" ? "user.light" : "user.dark")}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} stroke={1.6} />} onClick={() => signOut.mutate()}>
          {t("user.signOut")}
        </Menu.Item>
        <div className="user-label">{t("user.version", { version: archive.version })}</div>
      </Menu.Dropdown>
    </Menu>
  );
}
