// The first administrator, made by the one-time link that the server printed at its first start.
import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useEffect, useState, type SubmitEvent } from "react";
import { useTranslation } from "react-i18next";
import { Navigate } from "react-router";
import { ApiError } from "../api/client";
import { PasswordField, UserNameField } from "../parts/credential_fields";
import { Gate, GateAlert } from "../parts/gate";
import { useSession, useSetup } from "../state/session";

const MIN_PASSWORD = 12; // characters

export default function SetupPage() {
  const { t } = useTranslation();
  useDocumentTitle(t("setup.title"));
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get("token") ?? "");
  // the token leaves the address bar and the history as soon as it is read
  useEffect(() => history.replaceState(history.state, "", location.pathname), []);
  const session = useSession();
  const setup = useSetup();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [repeated, setRepeated] = useState("");
  const [checked, setChecked] = useState(false);
  if (session.data) return <Navigate to="/worklist" replace />;
  if (!token) {
    return (
      <Gate title={t("setup.title")}>
        <GateAlert>{t("setup.noToken")}</GateAlert>
      </Gate>
    );
  }
  const tooShort = [...password].length < MIN_PASSWORD;
  const differs = password !== repeated;
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    setChecked(true);
    if (!tooShort && !differs) setup.mutate({ token, username, password });
  };
  return (
    <Gate title={t("setup.title")} text={t("setup.text")}>
      <form onSubmit={submit}>
        {setup.error && <GateAlert>{setupError(setup.error) ?? t("setup.failed")}</GateAlert>}
        <UserNameField value={username} onChange={setUsername} />
        <PasswordField
          label={t("login.password")}
          description={t("setup.rule", { count: MIN_PASSWORD })}
          name="password"
          autoComplete="new-password"
          show={t("login.show")}
          error={checked && tooShort ? t("setup.tooShort", { count: MIN_PASSWORD }) : null}
          value={password}
          onChange={setPassword}
        />
        <PasswordField
          label={t("setup.repeat")}
          name="repeated"
          autoComplete="new-password"
          show={t("setup.showRepeated")}
          error={checked && differs ? t("setup.differs") : null}
          value={repeated}
          onChange={setRepeated}
        />
        <Button type="submit" size="md" loading={setup.isPending}>
          {t("setup.submit")}
        </Button>
      </form>
    </Gate>
  );
}

/** The server's own words where it has some: a used link, a password on the list of known ones. */
function setupError(error: Error): string | null {
  return error instanceof ApiError && error.message ? error.message : null;
}
