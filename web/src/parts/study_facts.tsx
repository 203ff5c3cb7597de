// What is said of a study wherever one is shown: what it is, facts by name, and the way to take it along.
import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Series, StudyRow } from "../api/types";
import { downloadAddress } from "../state/studies";
import { Modality } from "./patient";
import "./study_facts.css";

export function StudyHeading({ study, className }: { study: Pick<StudyRow, "modalities" | "description">; className?: string }) {
  const { t } = useTranslation();
  return (
    <h3 className={className}>
      {study.modalities.map((code) => (
        <Modality key={code} code={code} />
      ))}
      <bdi className={study.description ? undefined : "undescribed"}>{study.description ?? t("study.undescribed")}</bdi>
    </h3>
  );
}

/** What the instances of a series are called: a plan or a report is no image (names of SOP classes, PS3.4 B.5). */
export const countKey = ({ kind }: Series): "study.images" | "study.objects" =>
  kind === null || /Image|Video/.test(kind) ? "study.images" : "study.objects";

export type Fact = [label: string, value: ReactNode];

/** Facts with a value, in their order; of the others nothing is said. */
export function Facts({ facts, className }: { facts: Fact[]; className?: string }) {
  return (
    <dl className={className}>
      {facts
        .filter(([, value]) => value)
        .map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

export function DownloadButton({ studyUid }: { studyUid: string }) {
  const { t } = useTranslation();
  return (
    <Button
      component="a"
      variant="default"
      href={downloadAddress(studyUid)}
      download
      leftSection={<IconDownload size={16} stroke={1.6} />}
    >
      {t("study.download")}
    </Button>
  );
}
