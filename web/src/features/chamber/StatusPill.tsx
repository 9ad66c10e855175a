import { TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import styles from "./StatusPill.module.css";

/** Who can see and hear this, as a fact. Until end-to-end encryption is there, the server can, and this says so. */
export function StatusPill() {
  const { t } = useTranslation();
  return (
    <div className={styles["pill"]} data-control="status">
      <TriangleAlert aria-hidden="true" size={22} />
      <div>
        <p className={styles["word"]}>{t("status/clear")}</p>
        <p className={styles["detail"]}>{t("status/clearDetail")}</p>
      </div>
    </div>
  );
}
