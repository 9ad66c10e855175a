import { useTranslation } from "react-i18next";
import { chooseLanguage, isLanguage, languages } from "../i18n/i18n.ts";
import { Segmented } from "./Segmented.tsx";

export function LanguageChoice() {
  const { t, i18n } = useTranslation();
  return (
    <Segmented
      label={t("language/label")}
      options={languages.map((value) => ({ value, word: t(`language/${value}`), lang: value }))}
      value={isLanguage(i18n.language) ? i18n.language : "en"}
      onChange={(language) => void chooseLanguage(language)}
      control="language"
    />
  );
}
