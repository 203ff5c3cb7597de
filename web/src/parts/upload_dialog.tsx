// The dialog that asks for files or a folder to upload.
import { Button, Modal } from "@mantine/core";
import { IconFiles, IconFolder, IconUpload } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { fromInput } from "../state/picked";
import { uploads } from "../state/uploads";
import "./upload.css";

function ask(folder: boolean): void {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.webkitdirectory = folder;
  input.onchange = () => {
    if (input.files) void uploads.add(fromInput(input.files));
  };
  input.click();
}

export default function UploadDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const choose = (folder: boolean): void => {
    onClose();
    ask(folder);
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("upload.title")}
      closeButtonProps={{ "aria-label": t("upload.close") }}
      transitionProps={{ duration: 80 }}
    >
      <div className="upload-dialog">
        <IconUpload size={34} stroke={1.3} aria-hidden />
        <p>{t("upload.explain")}</p>
        <div className="notice-action">
          <Button data-autofocus leftSection={<IconFiles size={16} stroke={1.6} />} onClick={() => choose(false)}>
            {t("upload.chooseFiles")}
          </Button>
          <Button variant="default" leftSection={<IconFolder size={16} stroke={1.6} />} onClick={() => choose(true)}>
            {t("upload.chooseFolder")}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
