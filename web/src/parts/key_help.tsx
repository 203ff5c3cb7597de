// The list of keys.
import { Modal } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useLocation } from "react-router";
import { KEY_TABLE, READ_KEY_TABLE } from "../keys/table";
import { useSignedIn } from "../state/session";
import "./key_help.css";

export default function KeyHelp({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const { rights } = useSignedIn();
  const table = useLocation().pathname.startsWith("/read/") ? READ_KEY_TABLE : KEY_TABLE;
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("keys.title")}
      closeButtonProps={{ "aria-label": t("keys.close") }}
      transitionProps={{ duration: 80 }}
    >
      <dl className="key-help">
        {table.filter(({ right }) => !right || rights.includes(right)).map(({ keys, act }) => (
          <div key={act}>
            <dt>{t(act)}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
