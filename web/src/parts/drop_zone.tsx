// Takes files and folders dropped anywhere on the page.
import { IconUpload } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { fromDrop } from "../state/picked";
import { uploads } from "../state/uploads";
import "./upload.css";

const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;

export function DropZone() {
  const { t } = useTranslation();
  const [over, setOver] = useState(false);
  useEffect(() => {
    let depth = 0; // enter and leave come for each element passed
    const listeners: [string, (event: DragEvent) => void][] = [
      ["dragenter", () => setOver((depth += 1) > 0)],
      ["dragleave", () => setOver((depth -= 1) > 0)],
      ["dragover", () => undefined],
      [
        "drop",
        (event) => {
          depth = 0;
          setOver(false);
          if (event.dataTransfer) void fromDrop(event.dataTransfer).then((picked) => uploads.add(picked));
        },
      ],
    ];
    const bound = listeners.map(([name, act]): [string, EventListener] => [
      name,
      (event) => {
        if (!hasFiles(event as DragEvent)) return;
        event.preventDefault(); // else the browser leaves the page to show the file
        act(event as DragEvent);
      },
    ]);
    bound.forEach(([name, listener]) => window.addEventListener(name, listener));
    return () => bound.forEach(([name, listener]) => window.removeEventListener(name, listener));
  }, []);
  if (!over) return null;
  return (
    <div className="drop-zone">
      <IconUpload size={48} stroke={1.3} aria-hidden />
      <strong>{t("upload.drop")}</strong>
      <span>{t("upload.dropText")}</span>
    </div>
  );
}
