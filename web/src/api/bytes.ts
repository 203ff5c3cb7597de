// Sizes for people.

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

/** "512 byte", "1.4 MB": in the reader's language, in steps of 1000. */
export function formatBytes(bytes: number, locale: string): string {
  const step = Math.min(UNITS.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const unit = UNITS[step] ?? "byte";
  const digits = step === 0 ? 0 : 1;
  const style = { style: "unit", unit, unitDisplay: step === 0 ? "long" : "short", maximumFractionDigits: digits } as const;
  return new Intl.NumberFormat(locale, style).format(bytes / 1000 ** step);
}
