import { CameraOff, CloudOff, Hand, ImageOff, Mic, Video, Volume2 } from "lucide-react";
import type { CSSProperties } from "react";
import { useTranslation } from "react-i18next";
import { hourMinute } from "../../i18n/time.ts";
import { Flag } from "../../ui/Flag.tsx";
import { absenceOf, type FloorMark, type Occupant } from "./occupants.ts";
import { Picture } from "./Picture.tsx";
import styles from "./Tile.module.css";

interface Props {
  readonly occupant: Occupant;
  /** Our own connection is lost: what is shown is not of now. */
  readonly isStale: boolean;
  readonly style?: CSSProperties;
}

/** One seat of the chamber: its picture, or why there is none, and its name plate. No sign that only the server vouches for. */
export function Tile({ occupant, isStale, style }: Props) {
  const { t } = useTranslation();
  const { seat, isSelf, lost_ms, mark } = occupant;
  const absence = absenceOf(occupant);
  const role = seat.role && t(`role/${seat.role}`);
  const state =
    lost_ms !== undefined ? t("tile/lost", { time: t("clock/at", hourMinute(lost_ms)) }) : absence && t(absence);
  // Who sits for the organisation presides: the office is the name. A plate with a mark has no room for a person: the plate of the floor has it, large.
  const name = (seat.role === "chair" && seat.flag === undefined && role) || seat.delegation;
  const detail = isSelf
    ? `(${t("seat/you")})`
    : name === role
      ? undefined
      : ((mark ? undefined : seat.person) ?? (seat.role === "head" ? undefined : role));
  return (
    <li
      className={styles["tile"]}
      style={style}
      data-tile={seat.identity}
      data-stale={((isStale || occupant.picture === "paused") && !isSelf) || undefined}
      data-self={isSelf || undefined}
      data-mark={mark?.is}
    >
      <span className="unseen">
        {[seat.delegation, isSelf ? t("seat/you") : (seat.person ?? role), mark && markWords(mark, t), state]
          .filter(Boolean)
          .join(", ")}
      </span>
      <Picture occupant={occupant} isStale={isStale && !isSelf} />
      {state && (
        <p className={styles["absence"]} aria-hidden="true">
          <span className={styles["reason"]}>
            <AbsenceIcon occupant={occupant} />
            {state}
          </span>
          {lost_ms !== undefined && <span>{t("tile/comingBack")}</span>}
        </p>
      )}
      <div className={styles["plate"]} aria-hidden="true">
        <span className={styles["who"]}>
          {name !== role && <Flag code={seat.flag} />}
          <strong className={styles["name"]}>{name}</strong>
        </span>
        {detail && <span className={styles["detail"]}>{detail}</span>}
        {mark && <Mark mark={mark} />}
      </div>
    </li>
  );
}

type Translate = ReturnType<typeof useTranslation>["t"];

function markWords(mark: FloorMark, t: Translate): string {
  return mark.is === "floor" ? t("floor/has") : t("tile/waiting", { place: mark.place });
}

/** In shape and word: a microphone and "floor", a hand and the place on the list. */
function Mark({ mark }: { readonly mark: FloorMark }) {
  const { t } = useTranslation();
  return (
    <span className={styles["mark"]}>
      {mark.is === "floor" ? <Mic aria-hidden="true" size={20} /> : <Hand aria-hidden="true" size={20} />}
      {mark.is === "floor" ? t("floor/hasShort") : mark.place}
    </span>
  );
}

function AbsenceIcon({ occupant }: { readonly occupant: Occupant }) {
  const size = 22;
  if (occupant.lost_ms !== undefined) return <CloudOff aria-hidden="true" size={size} />;
  if (occupant.picture === "off") return <CameraOff aria-hidden="true" size={size} />;
  if (occupant.picture === "paused") return <ImageOff aria-hidden="true" size={size} />;
  if (occupant.picture === "on") return <Video aria-hidden="true" size={size} />;
  return <Volume2 aria-hidden="true" size={size} />;
}
