// Who looked at a patient's studies: when, who, from where, at what.
import { Button, Modal } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatMoment } from "../api/dicom_text";
import type { Reading } from "../api/patients";
import { useLocale } from "../i18n";
import { useReaders } from "../state/patients";
import { Failure, Loading } from "./notice";
import { usePatientText } from "./patient";
import "./readers.css";

export default function Readers({ patient, onClose }: { patient: string; onClose: () => void }) {
  const { t } = useTranslation();
  const readers = useReaders(patient);
  const rows = readers.data?.pages.flatMap((page) => page.readings) ?? [];
  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      title={t("readers.title")}
      closeButtonProps={{ "aria-label": t("readers.close") }}
      transitionProps={{ duration: 80 }}
    >
      {readers.isPending ? (
        <Loading label={t("readers.loading")} />
      ) : readers.isError ? (
        <Failure error={readers.error} retry={() => void readers.refetch()} />
      ) : rows.length === 0 ? (
        <p>{t("readers.none")}</p>
      ) : (
        <>
          <div className="readers" tabIndex={0} role="region" aria-label={t("readers.title")}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{t("readers.when")}</th>
                  <th scope="col">{t("readers.who")}</th>
                  <th scope="col">{t("readers.what")}</th>
                  <th scope="col">{t("readers.study")}</th>
                  <th scope="col">{t("readers.from")}</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((reading, index) => (
                  <Row key={index} reading={reading} />
                ))}
              </tbody>
            </table>
          </div>
          {readers.hasNextPage && (
            <Button variant="default" loading={readers.isFetchingNextPage} onClick={() => void readers.fetchNextPage()}>
              {t("readers.more")}
            </Button>
          )}
        </>
      )}
    </Modal>
  );
}

function Row({ reading }: { reading: Reading }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const text = usePatientText();
  const [kind, ...name] = reading.actor.split(":");
  const study = reading.study && [text.date(reading.study.date), reading.study.description].filter(Boolean).join(" · ");
  return (
    <tr>
      <td>{formatMoment(reading.at, locale)}</td>
      <td>
        {name.join(":")} <span className="readers-kind">{t(`readers.actors.${kind}`, { defaultValue: kind ?? "" })}</span>
      </td>
      <td>
        {t(`readers.kinds.${reading.kind}`, { defaultValue: reading.kind })}
        {reading.outcome !== "success" && ` (${reading.outcome})`}
      </td>
      <td>{study || (reading.study ? t("study.undescribed") : t("readers.page"))}</td>
      <td>{reading.address}</td>
    </tr>
  );
}
