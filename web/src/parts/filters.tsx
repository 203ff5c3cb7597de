// The chips above the study list, each saying what it is set to and how to clear it; what they open comes when asked for.
import { IconBone, IconBuildingHospital, IconCalendar, IconChevronDown, IconEar, IconProgress, IconStack2, IconX } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatDate } from "../api/dicom_text";
import { useLocale } from "../i18n";
import { isFiltered, SORT_FIELDS, UNFILTERED, writeSort, type ListState, type SortField } from "../state/list";
import type { Filter, FiltersProps } from "./filter_popover";
import "./filters.css";

const filterPopover = () => import("./filter_popover");
const FilterPopover = lazy(filterPopover);

const ICONS: Record<Filter, typeof IconX> = {
  date: IconCalendar,
  modality: IconStack2,
  bodyPart: IconBone,
  site: IconBuildingHospital,
  status: IconProgress,
};
const FILTERS = Object.keys(ICONS) as Filter[];
const CLEARED: Record<Filter, Partial<ListState>> = {
  date: { period: null, from: "", to: "" },
  modality: { modalities: [] },
  bodyPart: { bodyParts: [] },
  site: { sites: [] },
  status: { status: null },
};

/** What each filter is set to, in words; "" where it is not set. */
function useSetTo(list: ListState): Record<Filter, string> {
  const { t } = useTranslation();
  const locale = useLocale();
  const days = list.from || list.to ? [list.from, list.to].map((day) => formatDate(day, locale)).join(" – ") : "";
  return {
    date: list.period ? t(`filters.period.${list.period}`) : days,
    modality: list.modalities.join(", "),
    bodyPart: list.bodyParts.join(", "),
    site: list.sites.join(", "),
    status: list.status ? t(`filters.status.${list.status}`) : "",
  };
}

export function Filters({ list, onChange }: FiltersProps) {
  const { t } = useTranslation();
  const setTo = useSetTo(list);
  return (
    <div className="filters" role="group" aria-label={t("filters.title")}>
      {FILTERS.map((filter) => (
        <Chip key={filter} filter={filter} setTo={setTo[filter]} list={list} onChange={onChange} />
      ))}
      {list.text.trim() && <SoundsFilter list={list} onChange={onChange} />}
      <SortChoice list={list} onChange={onChange} />
      {isFiltered(list) && (
        <button type="button" className="chip chip-plain" onClick={() => onChange(UNFILTERED)}>
          {t("filters.clear")}
        </button>
      )}
    </div>
  );
}

function Chip({ filter, setTo, list, onChange }: FiltersProps & { filter: Filter; setTo: string }) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const [wanted, setWanted] = useState(false); // once: what opens stays loaded
  const Icon = ICONS[filter];
  const toggle = (): void => {
    setWanted(true);
    setOpened((now) => !now);
  };
  const main = (
    <button type="button" className="chip-main" aria-haspopup="dialog" aria-expanded={opened} onPointerEnter={() => void filterPopover()} onClick={toggle}>
      <Icon size={15} stroke={1.6} aria-hidden />
      <span className="truncate">{setTo || t(`filters.any.${filter}`)}</span>
      {!setTo && <IconChevronDown size={13} stroke={1.8} aria-hidden />}
    </button>
  );
  return (
    <span className={setTo ? "chip chip-set" : "chip"}>
      {wanted ? (
        <Suspense fallback={main}>
          <FilterPopover filter={filter} opened={opened} onOpened={setOpened} list={list} onChange={onChange}>
            {main}
          </FilterPopover>
        </Suspense>
      ) : (
        main
      )}
      {setTo && (
        <button type="button" className="chip-clear" aria-label={t(`filters.clearOf.${filter}`)} onClick={() => onChange(CLEARED[filter])}>
          <IconX size={13} stroke={2} aria-hidden />
        </button>
      )}
    </span>
  );
}

function SoundsFilter({ list, onChange }: FiltersProps) {
  const { t } = useTranslation();
  return (
    <button
      type="button"
      className={list.sounds ? "chip chip-set chip-toggle" : "chip chip-toggle"}
      aria-pressed={list.sounds}
      onClick={() => onChange({ sounds: !list.sounds })}
    >
      <IconEar size={15} stroke={1.6} aria-hidden />
      {t("filters.sounds")}
    </button>
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
