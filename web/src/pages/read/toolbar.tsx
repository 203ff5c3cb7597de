// The bar above the images: who, the tools with their keys, presets, layout, film, and what must always be seen.
import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import {
  IconAdjustmentsHorizontal, IconAlertCircle, IconArrowLeft, IconArrowsMove, IconBrightness, IconChevronLeft, IconChevronRight,
  IconContrast2, IconFlipHorizontal, IconFlipVertical, IconLayoutGrid, IconLink, IconPlayerPause, IconPlayerPlay, IconRefresh,
  IconRotateClockwise2, IconStack2, IconZoomIn,
} from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { StudyDetail } from "../../api/types";
import { neighbour } from "../../state/walk";
import { LAYOUTS, layoutName, presetsOf } from "../../viewport/model/hanging";
import type { Snapshot } from "../../viewport/reader";
import { activePane, mirrored, PLAIN, turned, type Tool } from "../../viewport/scene";
import { pickLayout, pickPreset, pickTool, toggleCine, toggleLinked, viewAct, type Acts } from "./acts";
import { Identity } from "./identity";

const TOOL_BUTTONS: { tool: Tool; keys: string; icon: typeof IconStack2 }[] = [
  { tool: "window", keys: "W", icon: IconBrightness },
  { tool: "zoom", keys: "Z", icon: IconZoomIn },
  { tool: "pan", keys: "P", icon: IconArrowsMove },
  { tool: "scroll", keys: "S", icon: IconStack2 },
];
const SIZE = 18;
const STROKE = 1.6;

interface ToolbarProps {
  study: StudyDetail;
  snapshot: Snapshot;
  acts: Acts;
}

export function Toolbar({ study, snapshot: { scene, series }, acts }: ToolbarProps) {
  const { t } = useTranslation();
  const { reader } = acts;
  const pane = activePane(scene);
  const content = pane.series === null ? null : series.get(pane.series)?.content;
  const isPlaying = scene.playing === scene.active;
  return (
    <header className="read-bar">
      <Act label={t("study.back")} keys="Esc" onClick={acts.leave}><IconArrowLeft size={SIZE} stroke={STROKE} /></Act>
      <div className="read-who" role="region" aria-label={t("patient.banner")}><Identity patient={study.patient} /></div>
      <div className="read-tools" role="toolbar" aria-label={t("read.tools")}>
        {TOOL_BUTTONS.map(({ tool, keys, icon: Icon }) => (
          <Act key={tool} label={t(`read.tool.${tool}`)} keys={keys} pressed={scene.tool === tool} onClick={() => pickTool(reader, tool)}>
            <Icon size={SIZE} stroke={STROKE} />
          </Act>
        ))}
        <Presets modality={content?.modality ?? null} onPick={(key) => pickPreset(reader, key)} />
        <Act label={t("read.rotate")} keys="R" onClick={() => viewAct(reader, (view) => turned(view, 90))}><IconRotateClockwise2 size={SIZE} stroke={STROKE} /></Act>
        <Act label={t("read.flipHorizontal")} keys="H" onClick={() => viewAct(reader, (view) => mirrored(view, "horizontal"))}><IconFlipVertical size={SIZE} stroke={STROKE} /></Act>
        <Act label={t("read.flipVertical")} keys="V" onClick={() => viewAct(reader, (view) => mirrored(view, "vertical"))}><IconFlipHorizontal size={SIZE} stroke={STROKE} /></Act>
        <Act label={t("read.invert")} keys="I" pressed={pane.view.inverted} onClick={() => viewAct(reader, (view) => ({ inverted: !view.inverted }))}><IconContrast2 size={SIZE} stroke={STROKE} /></Act>
        <Act label={t("read.reset")} keys="Space" onClick={() => viewAct(reader, () => PLAIN)}><IconRefresh size={SIZE} stroke={STROKE} /></Act>
        <Layouts shown={layoutName(scene.layout)} onPick={(name) => pickLayout(acts, name)} />
        <Act label={t("read.link")} keys="Y" pressed={scene.linked} onClick={() => toggleLinked(reader)}><IconLink size={SIZE} stroke={STROKE} /></Act>
        <Act label={t("read.cine")} keys="C" pressed={isPlaying} onClick={() => toggleCine(reader)}>
          {isPlaying ? <IconPlayerPause size={SIZE} stroke={STROKE} /> : <IconPlayerPlay size={SIZE} stroke={STROKE} />}
        </Act>
        <Act label={t("study.previous")} keys="Shift N" disabled={neighbour(study.study_uid, -1) === null} onClick={() => acts.go(-1)}><IconChevronLeft size={SIZE} stroke={STROKE} /></Act>
        <Act label={t("study.next")} keys="N" disabled={neighbour(study.study_uid, 1) === null} onClick={() => acts.go(1)}><IconChevronRight size={SIZE} stroke={STROKE} /></Act>
      </div>
      <span className="status-mark read-mark"><IconAlertCircle size={14} stroke={1.8} aria-hidden />{t("frame.notDiagnostic")}</span>
    </header>
  );
}

interface ActProps {
  label: string;
  keys: string;
  pressed?: boolean;
  disabled?: boolean;
  onClick: () => void;
  children: ReactNode;
}

function Act({ label, keys, pressed, disabled = false, onClick, children }: ActProps) {
  return (
    <Tooltip label={`${label}  ${keys}`} openDelay={300}>
      <ActionIcon
        variant={pressed ? "light" : "subtle"}
        color={pressed ? "accent" : "gray"}
        size="lg"
        aria-label={label}
        aria-pressed={pressed}
        disabled={disabled}
        onClick={onClick}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

function Presets({ modality, onPick }: { modality: string | null; onPick: (key: string) => void }) {
  const { t } = useTranslation();
  return (
    <Menu position="bottom-start" width={220} transitionProps={{ duration: 80 }}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("read.presets")}><IconAdjustmentsHorizontal size={SIZE} stroke={STROKE} /></ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item rightSection={<kbd>0</kbd>} onClick={() => onPick("0")}>{t("read.preset.own")}</Menu.Item>
        {presetsOf(modality).map((preset) => (
          <Menu.Item key={preset.key} rightSection={<kbd>{preset.key}</kbd>} onClick={() => onPick(preset.key)}>
            {`${t(`read.preset.${preset.name}`)}  ${preset.width} / ${preset.center}`}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Layouts({ shown, onPick }: { shown: string; onPick: (name: (typeof LAYOUTS)[number]) => void }) {
  const { t } = useTranslation();
  return (
    <Menu position="bottom-start" width={140} transitionProps={{ duration: 80 }}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("read.layout", { layout: shown.replace("x", " × ") })}><IconLayoutGrid size={SIZE} stroke={STROKE} /></ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {LAYOUTS.map((name) => (
          <Menu.Item key={name} aria-current={name === shown} onClick={() => onPick(name)}>{name.replace("x", " × ")}</Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
