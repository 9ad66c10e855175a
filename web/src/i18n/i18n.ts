/** All words of the page, in two languages; the language is chosen by the browser's until somebody chooses. */

import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import en from "./en.json";
import fr from "./fr.json";

export const languages = ["en", "fr"] as const;
export type Language = (typeof languages)[number];

const KEY = "incamera.language";

export function isLanguage(value: unknown): value is Language {
  return languages.some((language) => language === value);
}

/** Starts the translation; `preferred` is the browser's list. */
export async function startTranslation(preferred: readonly string[]): Promise<void> {
  await i18next.use(initReactI18next).init({
    resources: { en: { translation: en }, fr: { translation: fr } },
    lng: remembered() ?? preferred.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage) ?? "en",
    fallbackLng: "en",
    keySeparator: "/", // codes have dots in them
    nsSeparator: false,
    interpolation: { escapeValue: false }, // React escapes
    returnNull: false,
  });
  document.documentElement.lang = i18next.language;
}

export async function chooseLanguage(language: Language): Promise<void> {
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // A browser that keeps nothing asks again next time.
  }
}

function remembered(): Language | undefined {
  try {
    const value = localStorage.getItem(KEY);
    return isLanguage(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
