// What is shown when a page itself fails: never a white screen.
import { Button } from "@mantine/core";
import { Component, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Notice } from "./notice";

interface CrashState {
  error: Error | null;
}

export class CrashBarrier extends Component<{ children: ReactNode }, CrashState> {
  override state: CrashState = { error: null };

  static getDerivedStateFromError(error: unknown): CrashState {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    return this.state.error ? <Crash error={this.state.error} /> : this.props.children;
  }
}

function Crash({ error }: { error: Error }) {
  const { t } = useTranslation();
  return (
    <main style={{ blockSize: "100%", display: "grid" }}>
      <Notice
        tone="bad"
        title={t("crash.title")}
        text={t("crash.text")}
        detail={error.message}
        action={<Button onClick={() => location.assign("/worklist")}>{t("crash.again")}</Button>}
      />
    </main>
  );
}
