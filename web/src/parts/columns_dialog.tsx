// Which columns the list shows and in which order, and how high its rows are.
import { Button, Checkbox, Modal } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { COLUMN_IDS, moved, toggled, type Column } from "../state/columns";
import { Movers } from "./movers";

const ROW_HEIGHTS = [28, 32, 40] as const;
export type RowHeight = (typeof ROW_HEIGHTS)[number];

interface ColumnsDialogProps {
  columns: Column[];
  rowHeight: RowHeight;
  onColumns: (columns: Column[] | null) => void; // null: as the list starts
  onRowHeight: (height: RowHeight) => void;
  onClose: () => void;
}

export default function ColumnsDialog({ columns, rowHeight, onColumns, onRowHeight, onClose }: ColumnsDialogProps) {
  const { t } = useTranslation();
  const hidden = COLUMN_IDS.filter((id) => !columns.some((column) => column.id === id));
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("columns.title")}
      closeButtonProps={{ "aria-label": t("columns.close") }}
      transitionProps={{ duration: 80 }}
    >
      <ul className="arranging" aria-label={t("columns.shown")}>
        {columns.map(({ id }, at) => (
          <li key={id}>
            <Checkbox size="xs" label={t(`columns.${id}`)} checked onChange={() => onColumns(toggled(columns, id))} />
            <Movers
              name={t(`columns.${id}`)}
              at={at}
              count={columns.length}
              onMove={(to) => onColumns(moved(columns, at, to))}
            />
          </li>
        ))}
        {hidden.map((id) => (
          <li key={id}>
            <Checkbox size="xs" label={t(`columns.${id}`)} checked={false} onChange={() => onColumns(toggled(columns, id))} />
          </li>
        ))}
      </ul>
      <div role="group" aria-label={t("columns.rows")}>
        <span className="label">{t("columns.rows")}</span>
        <div className="arranging-rows">
          {ROW_HEIGHTS.map((height) => (
            <Button
              key={height}
              size="compact-sm"
              {...(height === rowHeight ? {} : { variant: "default" })}
              aria-pressed={height === rowHeight}
              onClick={() => onRowHeight(height)}
            >
              {t(`columns.heights.${height}`)}
            </Button>
          ))}
        </div>
      </div>
      <div className="arranging-foot">
        <Button variant="default" onClick={() => onColumns(null)}>
          {t("columns.reset")}
        </Button>
        <Button onClick={onClose}>{t("columns.done")}</Button>
      </div>
    </Modal>
  );
}
