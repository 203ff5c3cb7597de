// Keeps what the list shows under a name, and puts the kept views in order.
import { ActionIcon, Button, Modal } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { View } from "../api/types";
import { moved } from "../state/columns";
import { Movers } from "./movers";

const MOST_VIEWS = 50; // as the server takes
const LONGEST_NAME = 60;

interface ViewsDialogProps {
  views: View[];
  query: string;
  onChange: (change: (views: View[]) => View[]) => void;
  onClose: () => void;
}

export default function ViewsDialog({ views, query, onChange, onClose }: ViewsDialogProps) {
  const { t } = useTranslation();
  const [name, setName] = useState(views.find((view) => view.query === query)?.name ?? "");
  const wanted = name.trim();
  const full = views.length >= MOST_VIEWS && !views.some((view) => view.name === wanted);
  const keep = (): void => {
    if (!wanted || full) return;
    const view = { name: wanted, query };
    onChange((now) => (now.some((one) => one.name === wanted) ? now.map((one) => (one.name === wanted ? view : one)) : [...now, view]));
    onClose();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("views.dialog")}
      closeButtonProps={{ "aria-label": t("views.close") }}
      transitionProps={{ duration: 80 }}
    >
      <form
        className="arranging-form"
        onSubmit={(event) => {
          event.preventDefault();
          keep();
        }}
      >
        <label>
          {t("views.name")}
          <input data-autofocus value={name} maxLength={LONGEST_NAME} onChange={(event) => setName(event.target.value)} />
        </label>
        <Button type="submit" disabled={!wanted || full}>
          {t(views.some((view) => view.name === wanted) ? "views.replace" : "views.save")}
        </Button>
      </form>
      {full && <p className="arranging-fault">{t("views.full")}</p>}
      {views.length > 0 && (
        <ul className="arranging" aria-label={t("views.title")}>
          {views.map((view, at) => (
            <li key={view.name}>
              <span className="truncate">{view.name}</span>
              <Movers
                name={view.name}
                at={at}
                count={views.length}
                onMove={(to) => onChange((now) => moved(now, now.findIndex((one) => one.name === view.name), to))}
              />
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={t("views.remove", { name: view.name })}
                onClick={() => onChange((now) => now.filter((one) => one.name !== view.name))}
              >
                <IconTrash size={16} stroke={1.6} />
              </ActionIcon>
            </li>
          ))}
        </ul>
      )}
    </Modal>
  );
}
