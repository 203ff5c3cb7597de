// Every text that people read comes from one JSON file per language.
import i18next from "i18next";
import { initReactI18next, useTranslation } from "react-i18next";
import en from "./en.json";

void i18next.use(initReactI18next).init({
  lng: "en",
  fallbackLng: "en",
  resources: { en: { translation: en } },
  interpolation: { escapeValue: false }, // React escapes
});

/** The reader's locale for dates and numbers: the browser's variant of the language shown. */
export function useLocale(): string {
  const { i18n } = useTranslation();
  return navigator.languages.find((tag) => tag.startsWith(i18n.language)) ?? i18n.language;
}
