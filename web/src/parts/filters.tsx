// The chips above the study list: dates and modalities, each saying what it is set to and how to clear it.
import { Button, Checkbox, Popover } from "@mantine/core";
import { IconCalendar, IconChevronDown, IconStack2, IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { formatDate } from "../api/dicom_text";
import { useLocale } from "../i18n";
import { isFiltered, PERIODS, SORT_FIELDS, writeSort, type ListState, type Period, type SortField } from "../state/list";
import "./filters.css";

// PS3.3 C.7.3.1.1.1: those that people look for; what else a study has is found by text
const MODALITIES = [
  "CR", "CT", "DX", "ECG", "ES", "IO", "IVUS", "MG", "MR", "NM", "OP", "OPT",
  "OT", "PT", "PX", "RF", "RTDOSE", "RTPLAN", "RTSTRUCT", "SC", "SEG", "SM", "SR", "US", "XA", "XC",
];

interface FiltersProps {
  list: ListState;
  onChange: (change: Partial<ListState>) => void;
}

export function Filters({ list, onChange }: FiltersProps) {
  const { t } = useTranslation();
  return (
    <div className="filters" role="group" aria-label={t("filters.title")}>
      <DateFilter list={list} onChange={onChange} />
      <ModalityFilter list={list} onChange={onChange} />
      <SortChoice list={list} onChange={onChange} />
      {isFiltered(list) && (
        <button
          type="button"
          className="chip chip-plain"
          onClick={() => onChange({ text: "", modalities: [], period: null, from: "", to: "" })}
        >
          {t("filters.clear")}
        </button>
      )}
    </div>
  );
}

interface ChipProps {
  icon: ReactNode;
  label: string;
  set: boolean;
  clearLabel: string;
  onClear: () => void;
  children: ReactNode;
}

function Chip({ icon, label, set, clearLabel, onClear, children }: ChipProps) {
  return (
    <span className={set ? "chip chip-set" : "chip"}>
      <Popover position="bottom-start" trapFocus transitionProps={{ duration: 80 }} offset={6}>
        <Popover.Target>
          <button type="button" className="chip-main">
            {icon}
            {label}
            {!set && <IconChevronDown size={13} stroke={1.8} aria-hidden />}
          </button>
        </Popover.Target>
        <Popover.Dropdown>{children}</Popover.Dropdown>
      </Popover>
      {set && (
        <button type="button" className="chip-clear" aria-label={clearLabel} onClick={onClear}>
          <IconX size={13} stroke={2} aria-hidden />
        </button>
      )}
    </span>
  );
}

const toInput = (day: string): string => day.replace(/^(\d{4})(\d\d)(\d\d)$/, "$1-$2-$3");
const fromInput = (day: string): string => day.replaceAll("-", "");

function DateFilter({ list, onChange }: FiltersProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const set = Boolean(list.period || list.from || list.to);
  const range = [list.from, list.to].map((day) => formatDate(day, locale)).join(" – ");
  const label = list.period ? t(`filters.period.${list.period}`) : set ? range : t("filters.anyDate");
  const clear = { period: null, from: "", to: "" };
  return (
    <Chip
      icon={<IconCalendar size={15} stroke={1.6} aria-hidden />}
      label={label}
      set={set}
      clearLabel={t("filters.clearDate")}
      onClear={() => onChange(clear)}
    >
      <div className="filter-periods">
        {(Object.keys(PERIODS) as Period[]).map((period) => (
          <Button
            key={period}
            size="compact-sm"
            {...(list.period === period ? {} : { variant: "default" })}
            aria-pressed={list.period === period}
            onClick={() => onChange({ ...clear, period })}
          >
            {t(`filters.period.${period}`)}
          </Button>
        ))}
      </div>
      <div className="filter-days">
        {(["from", "to"] as const).map((end) => (
          <label key={end}>
            {t(`filters.${end}`)}
            <input
              type="date"
              value={toInput(list.period ? "" : list[end])}
              onChange={(event) => onChange({ period: null, [end]: fromInput(event.target.value) })}
            />
          </label>
        ))}
      </div>
    </Chip>
  );
}

function ModalityFilter({ list, onChange }: FiltersProps) {
  const { t } = useTranslation();
  const set = list.modalities.length > 0;
  const codes = [...new Set([...MODALITIES, ...list.modalities])];
  const toggle = (code: string): void => {
    const without = list.modalities.filter((one) => one !== code);
    onChange({ modalities: without.length < list.modalities.length ? without : [...without, code] });
  };
  return (
    <Chip
      icon={<IconStack2 size={15} stroke={1.6} aria-hidden />}
      label={set ? list.modalities.join(", ") : t("filters.anyModality")}
      set={set}
      clearLabel={t("filters.clearModality")}
      onClear={() => onChange({ modalities: [] })}
    >
      <div className="filter-modalities" role="group" aria-label={t("filters.modality")}>
        {codes.map((code) => (
          <Checkbox
            key={code}
            size="xs"
            label={code}
            checked={list.modalities.includes(code)}
            onChange={() => toggle(code)}
          />
        ))}
      </div>
    </Chip>
  );
}

/** The order, for narrow screens that show no column heads. */
function SortChoice({ list, onChange }: FiltersProps) {
  const { t } = useTranslation();
  const value = writeSort(list.sort);
  const orders = SORT_FIELDS.flatMap((field) => [`-${field}`, field]);
  return (
    <select
      className="chip filter-sort"
      aria-label={t("filters.sort")}
      value={value}
      onChange={(event) => {
        const chosen = event.target.value;
        onChange({ sort: { field: chosen.replace("-", "") as SortField, descending: chosen.startsWith("-") } });
      }}
    >
      {orders.map((order) => (
        <option key={order} value={order}>
          {t(`columns.${order.replace("-", "") as SortField}`)} {order.startsWith("-") ? "↓" : "↑"}
        </option>
      ))}
    </select>
  );
}
