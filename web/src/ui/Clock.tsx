import { useTranslation } from "react-i18next";
import { cityOf, hourMinute, ownTimeZone } from "../i18n/time.ts";
import styles from "./Clock.module.css";
import { useClock } from "./useClock.ts";

/** The time, and whose: the city of this device. Readable, and silent. */
export function Clock() {
  const { t } = useTranslation();
  const zone = ownTimeZone();
  const { hours, minutes } = hourMinute(useClock());
  return (
    <div className={styles["clock"]} role="timer" aria-live="off">
      <span className={styles["time"]}>{`${hours}:${minutes}`}</span>
      <span className={styles["city"]}>{t(`city/${zone}`, { defaultValue: cityOf(zone) })}</span>
    </div>
  );
}
