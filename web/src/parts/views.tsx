// The user's saved views as tabs above the list: each is an address, so it opens by a link as well.
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconBookmarkPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { View } from "../api/types";
import "./views.css";

interface ViewsProps {
  views: View[];
  query: string; // what the list shows now
  onKeep: () => void;
}

export function Views({ views, query, onKeep }: ViewsProps) {
  const { t } = useTranslation();
  const every = [{ name: t("views.all"), query: "" }, ...views];
  const shown = every.findIndex((view) => view.query === query);
  return (
    <nav className="views" aria-label={t("views.title")}>
      {every.map((view, index) => (
        <Link
          key={view.name}
          to={{ pathname: "/worklist", search: view.query }}
          className="view"
          {...(index === shown ? { "aria-current": "page" } : {})}
        >
          {view.name}
        </Link>
      ))}
      <Tooltip label={`${t("views.keep")}  V`} openDelay={300}>
        <ActionIcon variant="subtle" color="gray" aria-label={t("views.keep")} onClick={onKeep}>
          <IconBookmarkPlus size={17} stroke={1.6} />
        </ActionIcon>
      </Tooltip>
    </nav>
  );
}
