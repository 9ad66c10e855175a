import { useTranslation } from "react-i18next";
import { hourMinute } from "../../i18n/time.ts";
import type { DoorFacts } from "../../meeting/doorway.ts";
import { OfferButton } from "../../ui/OfferButton.tsx";
import type { Answer } from "../../ui/usePending.ts";
import { doorName } from "./doorName.ts";
import styles from "./OtherSittings.module.css";

interface Props {
  /** Open ones that list this seat, but for the one that it is in. */
  readonly doors: readonly DoorFacts[];
  /** Out of this sitting, to the door of that one. */
  readonly go: (sitting: string) => Promise<Answer>;
}

/** From within the room: the other sittings that are open to this seat. Nothing where there is none. */
export function OtherSittings({ doors, go }: Props) {
  const { t, i18n } = useTranslation();
  if (doors.length === 0) return null;
  return (
    <section>
      <h3 className={styles["heading"]}>{t("lobby/others")}</h3>
      <p className={styles["quiet"]}>{t("lobby/othersDetail")}</p>
      <ul className={styles["doors"]}>
        {doors.map((door) => (
          <li key={door.sitting} className={styles["door"]} data-sitting={door.sitting}>
            <span className={styles["hour"]}>{t("clock/at", hourMinute(door.opens))}</span>
            <span>{doorName(door, i18n.language, t)}</span>
            <OfferButton onPress={() => go(door.sitting)} control="go-to-door">
              {t("lobby/goOver")}
            </OfferButton>
          </li>
        ))}
      </ul>
    </section>
  );
}
