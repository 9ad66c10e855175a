import { useTranslation } from "react-i18next";
import { Banner } from "../ui/Banner.tsx";
import { LanguageChoice } from "../ui/LanguageChoice.tsx";
import styles from "../ui/Sheet.module.css";

/** Before anything is known of the meeting: the link is read, and the charter is checked against its authority. */
export function ArrivingScreen() {
  const { t } = useTranslation();
  return (
    <div className={styles["page"]}>
      <Banner title={t("app/name")} detail="">
        <LanguageChoice />
      </Banner>
      <main className={styles["sheet"]} data-control="arriving">
        <h1 className={styles["title"]}>{t("arriving/title")}</h1>
        <p className={styles["detail"]}>{t("arriving/detail")}</p>
      </main>
    </div>
  );
}
