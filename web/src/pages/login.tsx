// Signing in with name and password; says plainly when it failed and when to try again.
import { Button } from "@mantine/core";
import { useDocumentTitle, useInterval } from "@mantine/hooks";
import { useEffect, useState, type SubmitEvent } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, useSearchParams } from "react-router";
import { ApiError } from "../api/client";
import { PasswordField, UserNameField } from "../parts/credential_fields";
import { Gate, GateAlert } from "../parts/gate";
import { useSession, useSignIn } from "../state/session";

/** Where to go after signing in: a path of ours, never another site ("//host" is one). */
export function safeNext(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) ? next : "/worklist";
}

export default function LoginPage() {
  const { t } = useTranslation();
  useDocumentTitle(t("login.documentTitle"));
  const [params] = useSearchParams();
  const session = useSession();
  const signIn = useSignIn();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const wait = useCountdown(signIn.error instanceof ApiError ? signIn.error : null);
  if (session.data) return <Navigate to={safeNext(params.get("next"))} replace />;

  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    signIn.mutate({ username, password }, { onError: () => setPassword("") });
  };
  return (
    <Gate title={t("login.title")}>
      <form onSubmit={submit}>
        {wait > 0 ? (
          <GateAlert tone="wait">{t("login.throttled", { count: wait })}</GateAlert>
        ) : (
          signIn.error && <GateAlert>{t(loginError(signIn.error))}</GateAlert>
        )}
        <UserNameField value={username} onChange={setUsername} />
        <PasswordField
          label={t("login.password")}
          name="password"
          autoComplete="current-password"
          show={t("login.show")}
          value={password}
          onChange={setPassword}
        />
        <Button type="submit" size="md" loading={signIn.isPending} disabled={wait > 0}>
          {t("login.submit")}
        </Button>
      </form>
    </Gate>
  );
}

function loginError(error: Error) {
  const status = error instanceof ApiError ? error.status : -1;
  if (status === 401) return "login.wrong" as const;
  if (status === 429) return "login.again" as const;
  return status === 0 ? ("failure.offlineText" as const) : ("failure.text" as const);
}

/** Seconds until another try is allowed, counted down. */
function useCountdown(error: ApiError | null): number {
  const [left, setLeft] = useState(0);
  const clock = useInterval(() => setLeft((seconds) => Math.max(0, seconds - 1)), 1000);
  useEffect(() => {
    if (error?.status !== 429) return;
    setLeft(error.retryAfter ?? 30);
    clock.start();
    return clock.stop;
  }, [error]); // the clock itself is new at each render
  return left;
}
