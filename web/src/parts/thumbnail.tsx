// A picture of a series on black, or a sign of what it is when it has none.
import { IconFileText, IconPhotoOff } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Series } from "../api/types";
import "./thumbnail.css";

const SIZE = 320; // device pixels: sharp in a card, and one size serves preview and page from one cache

export function Thumbnail({ series, eager = false }: { series: Series; eager?: boolean }) {
  const { t } = useTranslation();
  const [failed, setFailed] = useState(false);
  const label = [series.modality, series.description].filter(Boolean).join(" ");
  if (series.thumbnail && !failed) {
    return (
      <img
        className="thumbnail"
        src={`${series.thumbnail}?viewport=${SIZE},${SIZE}`}
        alt={t("series.picture", { label })}
        loading={eager ? "eager" : "lazy"}
        decoding="async"
        onError={() => setFailed(true)}
      />
    );
  }
  const Icon = series.thumbnail ? IconPhotoOff : IconFileText;
  return (
    <div className="thumbnail thumbnail-none">
      <Icon size={26} stroke={1.3} aria-hidden />
      <span>{series.kind?.replace(/ Storage$/, "") ?? t(series.thumbnail ? "series.noPicture" : "series.notAnImage")}</span>
    </div>
  );
}
