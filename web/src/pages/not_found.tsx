// An address that is no page.
import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Notice } from "../parts/notice";
import { PageHeader } from "../parts/page_header";
import { StatusBar } from "../parts/status_bar";

export default function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <>
      <PageHeader>
        <h1>{t("notFound.title")}</h1>
        <span className="page-header-space" />
      </PageHeader>
      <main id="content" tabIndex={-1} className="page-content">
        <Notice
          tone="empty"
          title={t("notFound.title")}
          text={t("notFound.text")}
          action={
            <Button component={Link} to="/worklist">
              {t("notFound.home")}
            </Button>
          }
        />
      </main>
      <StatusBar />
    </>
  );
}
