import { Mic } from "lucide-react";
import { useTranslation } from "react-i18next";
import styles from "./FloorPlate.module.css";

/** The word of the floor, in brass: on the frame of whoever has it. Nothing else is in this colour. */
export function FloorTag() {
  const { t } = useTranslation();
  return (
    <p className={styles["tag"]} data-control="floor-tag">
      <Mic aria-hidden="true" size={22} />
      {t("floor/has")}
    </p>
  );
}
