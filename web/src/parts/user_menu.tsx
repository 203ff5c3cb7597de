// The signed-in person's menu: colours, signing out, the version.
import { Menu, useMantineColorScheme } from "@mantine/core";
import { IconLogout, IconMoon, IconSun } from "@tabler/icons-react";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useSignedIn, useSignOut } from "../state/session";
import { useChangeSettings } from "../state/settings";

export default function UserMenu({ children }: { children: ReactElement }) {
  const { t } = useTranslation();
  const { user, archive } = useSignedIn();
  const signOut = useSignOut();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { change } = useChangeSettings();
  const other = colorScheme === "light" ? "dark" : "light";
  const role = t(`roles.${user.role}`, { defaultValue: user.role });
  return (
    <Menu defaultOpened position="bottom-end" width={210} withInitialFocusPlaceholder={false} transitionProps={{ duration: 80 }}>
      <Menu.Target>{children}</Menu.Target>
      <Menu.Dropdown>
        <div className="user-label">{`${user.name} · ${role}`}</div>
        <Menu.Item
          leftSection={other === "light" ? <IconSun size={16} stroke={1.6} /> : <IconMoon size={16} stroke={1.6} />}
          onClick={() => {
            setColorScheme(other);
            change((now) => ({ ...now, theme: other }));
          }}
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
