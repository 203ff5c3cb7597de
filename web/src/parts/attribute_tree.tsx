// The attributes of an object as a tree to walk by keys: folded sequences, search, paths to copy, values to take along.
import { ActionIcon, Tooltip } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconChevronDown, IconChevronRight, IconCopy, IconDownload, IconX } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import { formatBytes } from "../api/bytes";
import { useLocale } from "../i18n";
import { attributeRows, type AttributeRow, type DataSet, type Names } from "../state/attributes";
import { useStoredValue } from "../state/objects";
import "./attribute_tree.css";

const ROW = 26; // px
const INDENT = 16;
const PAGE_OF_ROWS = 20;

interface TreeProps {
  dataSet: DataSet;
  names: Names;
  search: string;
}

export function AttributeTree({ dataSet, names, search }: TreeProps) {
  const { t } = useTranslation();
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [active, setActive] = useState<string | null>(null);
  const rows = useMemo(() => attributeRows(dataSet, names, toggled, search), [dataSet, names, toggled, search]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    getItemKey: (index) => rows[index]?.id ?? index,
    overscan: 20,
  });
  const at = rows.findIndex((row) => row.id === active);
  const current = rows[at] ?? null;
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at);
  }, [at, virtual]);

  const toggle = (row: AttributeRow): void => {
    if (row.open === null) return;
    setToggled((now) => {
      const next = new Set(now);
      if (!next.delete(row.id)) next.add(row.id);
      return next;
    });
  };
  const go = (index: number): void => setActive(rows[Math.max(0, Math.min(rows.length - 1, index))]?.id ?? null);
  const acts: Record<string, () => void> = {
    ArrowDown: () => go(at + 1),
    ArrowUp: () => go(at - 1),
    PageDown: () => go(at + PAGE_OF_ROWS),
    PageUp: () => go(at - PAGE_OF_ROWS),
    Home: () => go(0),
    End: () => go(rows.length - 1),
    ArrowRight: () => current && (current.open === false ? toggle(current) : go(at + 1)),
    ArrowLeft: () => current && (current.open ? toggle(current) : current.parent && setActive(current.parent)),
    Enter: () => current && toggle(current),
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const act = event.ctrlKey || event.altKey || event.metaKey ? undefined : acts[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  const items = virtual.getVirtualItems();
  if (rows.length === 0) {
    return (
      <p className="tree-none" role="status">
        {t("object.noMatch")}
      </p>
    );
  }
  return (
    <>
      <div
        ref={scroller}
        className="tree"
        role="tree"
        tabIndex={0}
        aria-label={t("object.attributes")}
        onKeyDown={onKeyDown}
        {...(items.some((item) => item.index === at) ? { "aria-activedescendant": `attribute-${at}` } : {})}
      >
        <div role="presentation" style={{ blockSize: virtual.getTotalSize(), position: "relative" }}>
          {items.map((item) => {
            const row = rows[item.index];
            return (
              row && (
                <div
                  key={item.key}
                  id={`attribute-${item.index}`}
                  role="treeitem"
                  aria-level={row.depth + 1}
                  aria-selected={row.id === active}
                  aria-posinset={item.index + 1}
                  aria-setsize={rows.length}
                  {...(row.open === null ? {} : { "aria-expanded": row.open })}
                  className={row.tag ? "tree-row" : "tree-row tree-item"}
                  style={{ blockSize: ROW, transform: `translateY(${item.start}px)`, paddingInlineStart: 6 + row.depth * INDENT }}
                  onClick={() => {
                    setActive(row.id);
                    toggle(row);
                  }}
                >
                  <RowCells row={row} />
                </div>
              )
            );
          })}
        </div>
      </div>
      {current?.tag && <Chosen key={current.id} row={current} close={() => setActive(null)} />}
    </>
  );
}

function RowCells({ row }: { row: AttributeRow }) {
  const { t } = useTranslation();
  const Chevron = row.open ? IconChevronDown : IconChevronRight;
  const chevron = <span className="tree-fold">{row.open !== null && <Chevron size={14} stroke={1.8} aria-hidden />}</span>;
  if (!row.tag) {
    return (
      <>
        {chevron}
        <span>{t("object.item", { number: row.items })}</span>
      </>
    );
  }
  return (
    <>
      {chevron}
      <code className="tree-tag">{row.tag}</code>
      <code className="tree-vr">{row.vr}</code>
      <span className={row.known ? "tree-name truncate" : "tree-name tree-private truncate"}>
        {row.known ? row.name : row.name ? t("object.privateOf", { creator: row.name }) : t("object.unknown")}
      </span>
      <span className="tree-value truncate">
        {row.items !== null ? t("object.items", { count: row.items }) : <ValueText row={row} />}
      </span>
    </>
  );
}

function ValueText({ row }: { row: AttributeRow }) {
  const { t } = useTranslation();
  const locale = useLocale();
  if (row.address !== null) return <StoredValue address={row.address} />;
  if (row.bytes !== null) return <span className="dim">{t("object.binary", { size: formatBytes(row.bytes, locale) })}</span>;
  return <>{row.text}</>;
}

function StoredValue({ address }: { address: string }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const value = useStoredValue(address);
  const bytes = value.data?.bytes ?? null;
  const text = bytes === null ? t("object.binaryUnknown") : t("object.binary", { size: formatBytes(bytes, locale) });
  return <span className="dim">{text}</span>;
}

function DownloadValue({ address }: { address: string }) {
  const { t } = useTranslation();
  const value = useStoredValue(address);
  return (
    <a href={value.data?.address ?? address} download className="tree-download">
      <IconDownload size={14} stroke={1.6} aria-hidden />
      {t("object.downloadValue")}
    </a>
  );
}

/** The chosen attribute in full: its path and value to copy, its bytes to take along. */
function Chosen({ row, close }: { row: AttributeRow; close: () => void }) {
  const { t } = useTranslation();
  return (
    <section className="tree-chosen" aria-label={t("object.chosen")}>
      <div className="tree-chosen-head">
        <code>{row.path}</code>
        <Copy label={t("object.copyPath")} text={row.path} />
        <span className="tree-chosen-name truncate">{[row.known ? row.name : "", row.vr].filter(Boolean).join(" · ")}</span>
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label={t("object.closeChosen")} onClick={close}>
          <IconX size={14} stroke={1.6} />
        </ActionIcon>
      </div>
      {row.text && (
        <div className="tree-chosen-value">
          <pre tabIndex={0}>{row.text}</pre>
          <Copy label={t("object.copyValue")} text={row.text} />
        </div>
      )}
      {row.address !== null && (
        <p>
          <StoredValue address={row.address} />{" "}
          <DownloadValue address={row.address} />
        </p>
      )}
    </section>
  );
}

function Copy({ label, text }: { label: string; text: string }) {
  const { t } = useTranslation();
  const clipboard = useClipboard({ timeout: 1500 });
  return (
    <Tooltip label={clipboard.copied ? t("study.copied") : label}>
      <ActionIcon variant="subtle" color="gray" size="sm" aria-label={label} onClick={() => clipboard.copy(text)}>
        <IconCopy size={14} stroke={1.6} />
      </ActionIcon>
    </Tooltip>
  );
}
