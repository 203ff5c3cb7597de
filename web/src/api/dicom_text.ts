// DICOM's texts for people: names by component groups (PS3.5 6.2), dates and times as received, ages at a date.

const COMPONENTS = ["family", "given", "middle", "prefix", "suffix"] as const;

/** "Family, Given Middle" of one component group, e.g. "Novák^Eva^^Dr." gives "Novák, Eva". */
export function formatGroup(group: string): string {
  const parts = group.split("^").map((part) => part.trim().replace(/\s+/g, " "));
  const at = (name: (typeof COMPONENTS)[number]): string => parts[COMPONENTS.indexOf(name)] ?? "";
  const given = [at("given"), at("middle")].filter(Boolean).join(" ");
  const suffix = at("suffix") && ` ${at("suffix")}`;
  return [at("family"), given].filter(Boolean).join(", ") + suffix;
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** Keeps a right-to-left text from turning what stands beside it round (UAX #9: first strong isolate). */
export const isolate = (text: string): string => (RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text);

/** A name with the ideographic group in brackets; empty when the patient has none. */
export function formatName(name: string | null, ideographic: string | null): string {
  const [alphabetic = "", second = ""] = (name ?? "").split("=");
  const latin = isolate(formatGroup(alphabetic));
  const other = isolate(formatGroup(ideographic ?? second).replace(", ", " "));
  if (latin && other && other !== latin) return `${latin} (${other})`;
  return latin || other;
}

interface DateParts {
  year: number;
  month: number;
  day: number;
}

/** A DA value, also in the old form 1998.05.07 and as ISO; null when it is not a day of the calendar. */
export function parseDate(value: string | null): DateParts | null {
  const match = /^(\d{4})[-.]?(\d{2})[-.]?(\d{2})$/.exec(value?.trim() ?? "");
  if (!match) return null;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  const date = new Date(Date.UTC(year, month - 1, day));
  date.setUTCFullYear(year); // years below 100 are not 19xx
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? { year, month, day } : null;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale + JSON.stringify(options);
  let found = formatters.get(key);
  if (!found) formatters.set(key, (found = new Intl.DateTimeFormat(locale, options)));
  return found;
}

/** A DA value in the reader's language; what cannot be read is shown as received. */
export function formatDate(value: string | null, locale: string): string {
  const date = parseDate(value);
  if (!date) return value?.trim() ?? "";
  const moment = new Date(Date.UTC(date.year, date.month - 1, date.day));
  moment.setUTCFullYear(date.year);
  return formatter(locale, { dateStyle: "medium", timeZone: "UTC" }).format(moment);
}

/** "Today" or "Yesterday" in the reader's language, and any other day as a date. */
export function formatRecentDate(value: string | null, locale: string, now: Date = new Date()): string {
  const day = parseDate(value) && value?.trim().replace(/[-.]/g, "");
  const back = [0, -1].find((offset) => day === dayFromToday(offset, now));
  if (back === undefined) return formatDate(value, locale);
  const words = new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(back, "day");
  return words.charAt(0).toLocaleUpperCase(locale) + words.slice(1);
}

/** A TM value to the minute, as received (local to the sender, never converted). */
export function formatTime(value: string | null): string {
  const match = /^([01]\d|2[0-3]):?([0-5]\d)?/.exec(value?.trim() ?? "");
  return match ? `${match[1]}:${match[2] ?? "00"}` : "";
}

/** A moment of ours (ISO, UTC) in the reader's zone. */
export function formatMoment(value: string | null, locale: string): string {
  const moment = new Date(value ?? "");
  if (Number.isNaN(moment.getTime())) return "";
  return formatter(locale, { dateStyle: "medium", timeStyle: "short" }).format(moment);
}

/** Whole years, or months below two years, between birth and the study. */
export function ageAt(birth: string | null, at: string | null): { unit: "years" | "months"; count: number } | null {
  const from = parseDate(birth);
  const to = parseDate(at);
  if (!from || !to) return null;
  const months = (to.year - from.year) * 12 + to.month - from.month - (to.day < from.day ? 1 : 0);
  if (months < 0 || months > 150 * 12) return null;
  return months < 24 ? { unit: "months", count: months } : { unit: "years", count: Math.floor(months / 12) };
}

/** Today, in the reader's zone, moved by days, as a DA value. */
export function dayFromToday(offset: number, now: Date = new Date()): string {
  const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() + offset);
  const pad = (number: number): string => String(number).padStart(2, "0");
  return `${day.getFullYear()}${pad(day.getMonth() + 1)}${pad(day.getDate())}`;
}
