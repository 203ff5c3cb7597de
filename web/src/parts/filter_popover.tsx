// What opens below the chips of the study list: where dates, modalities, body parts, sites and status are chosen.
import { Button, Checkbox, Popover } from "@mantine/core";
import type { ReactElement, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Choices } from "../api/types";
import { PERIODS, STATUSES, type ListState, type Period } from "../state/list";
import { useChoices } from "../state/studies";

// PS3.3 C.7.3.1.1.1: those that people look for; what else a study has is found by text
const MODALITIES = [
  "CR", "CT", "DX", "ECG", "ES", "IO", "IVUS", "MG", "MR", "NM", "OP", "OPT",
  "OT", "PT", "PX", "RF", "RTDOSE", "RTPLAN", "RTSTRUCT", "SC", "SEG", "SM", "SR", "US", "XA", "XC",
];

export interface FiltersProps {
  list: ListState;
  onChange: (change: Partial<ListState>) => void;
}

export type Filter = "date" | "modality" | "bodyPart" | "site" | "status";

interface FilterPopoverProps extends FiltersProps {
  filter: Filter;
  opened: boolean;
  onOpened: (opened: boolean) => void;
  children: ReactElement; // the chip
}

export default function FilterPopover({ filter, opened, onOpened, children, ...list }: FilterPopoverProps) {
  return (
    <Popover
      opened={opened}
      onChange={onOpened}
      position="bottom-start"
      trapFocus
      returnFocus
      transitionProps={{ duration: 80 }}
      offset={6}
    >
      <Popover.Target>{children}</Popover.Target>
      <Popover.Dropdown>{PANELS[filter](list)}</Popover.Dropdown>
    </Popover>
  );
}

const PANELS: Record<Filter, (list: FiltersProps) => ReactNode> = {
  date: (list) => <DatePanel {...list} />,
  modality: (list) => <ModalityPanel {...list} />,
  bodyPart: ({ list, onChange }) => (
    <ChoicePanel words="bodyPart" values={list.bodyParts} choices="body_parts" onChange={(bodyParts) => onChange({ bodyParts })} />
  ),
  site: ({ list, onChange }) => (
    <ChoicePanel words="site" values={list.sites} choices="institutions" onChange={(sites) => onChange({ sites })} />
  ),
  status: (list) => <StatusPanel {...list} />,
};

const toInput = (day: string): string => day.replace(/^(\d{4})(\d\d)(\d\d)$/, "$1-$2-$3");
const fromInput = (day: string): string => day.replaceAll("-", "");

function DatePanel({ list, onChange }: FiltersProps) {
  const { t } = useTranslation();
  const clear = { period: null, from: "", to: "" };
  return (
    <>
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
    </>
  );
}

function ModalityPanel({ list, onChange }: FiltersProps) {
  const { t } = useTranslation();
  const codes = [...new Set([...MODALITIES, ...list.modalities])];
  const toggle = (code: string): void => {
    const without = list.modalities.filter((one) => one !== code);
    onChange({ modalities: without.length < list.modalities.length ? without : [...without, code] });
  };
  return (
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
  );
}

interface ChoicePanelProps {
  words: "bodyPart" | "site"; // where its texts are
  values: string[];
  choices: keyof Choices;
  onChange: (values: string[]) => void;
}

function ChoicePanel({ words, values, choices, onChange }: ChoicePanelProps) {
  const { t } = useTranslation();
  const found = useChoices();
  const every = [...new Set([...values, ...(found.data?.[choices] ?? [])])];
  const toggle = (value: string): void =>
    onChange(values.includes(value) ? values.filter((one) => one !== value) : [...values, value]);
  if (found.isError) return <p className="filter-none">{t("failure.text")}</p>;
  if (every.length === 0) return <p className="filter-none">{t(found.isPending ? "filters.loading" : "filters.none")}</p>;
  return (
    <div className="filter-choices" role="group" aria-label={t(`filters.${words}.title`)}>
      {every.map((value) => (
        <Checkbox key={value} size="xs" label={value} checked={values.includes(value)} onChange={() => toggle(value)} />
      ))}
    </div>
  );
}

function StatusPanel({ list, onChange }: FiltersProps) {
  const { t } = useTranslation();
  return (
    <div className="filter-periods">
      {STATUSES.map((status) => (
        <Button
          key={status}
          size="compact-sm"
          {...(list.status === status ? {} : { variant: "default" })}
          aria-pressed={list.status === status}
          onClick={() => onChange({ status })}
        >
          {t(`filters.status.${status}`)}
        </Button>
      ))}
    </div>
  );
}
