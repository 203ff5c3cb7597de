// The fields for a name and a password, alike wherever somebody signs in or is made known.
import { PasswordInput, TextInput, type PasswordInputProps } from "@mantine/core";
import { useTranslation } from "react-i18next";

interface FieldProps {
  value: string;
  onChange: (value: string) => void;
}

export function UserNameField({ value, onChange }: FieldProps) {
  const { t } = useTranslation();
  return (
    <TextInput
      label={t("login.username")}
      name="username"
      autoComplete="username"
      autoFocus
      required
      withAsterisk={false}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

type PasswordFieldProps = FieldProps &
  Pick<PasswordInputProps, "description" | "error"> & {
    label: string;
    name: string;
    autoComplete: "current-password" | "new-password";
    show: string; // what the button that shows the password is called
  };

export function PasswordField({ onChange, show, ...rest }: PasswordFieldProps) {
  return (
    <PasswordInput
      {...rest}
      required
      withAsterisk={false}
      onChange={(event) => onChange(event.currentTarget.value)}
      visibilityToggleButtonProps={{ "aria-label": show, tabIndex: 0, "aria-hidden": false }}
    />
  );
}
