import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { firstOnStage, type Occupant } from "./occupants.ts";
import styles from "./SpeakerStage.module.css";
import { Tile } from "./Tile.tsx";

interface Props {
  readonly all: readonly Occupant[];
  readonly isStale: boolean;
  /** The record says who speaks: the plate below the picture, the word on its frame, the lists beside it. */
  readonly floor: { readonly plate: ReactNode; readonly tag: ReactNode; readonly rail: ReactNode };
}

/** One of them large: who has the floor; where nobody has it, the chair. No voice level moves the stage. */
export function SpeakerStage({ all, isStale, floor }: Props) {
  const { t } = useTranslation();
  const holds = all.some(({ mark }) => mark?.is === "floor");
  const shown = firstOnStage(all);
  const self = all.find(({ isSelf }) => isSelf);
  const chair = all.find(
    ({ seat, isSelf }) => seat.role === "chair" && !isSelf && seat.identity !== shown?.seat.identity,
  );
  const small = (
    <ul className={styles["small"]}>
      {chair && <Tile occupant={chair} isStale={isStale} />}
      {self && self !== shown && <Tile occupant={self} isStale={isStale} />}
    </ul>
  );
  return (
    <div className={styles["view"]}>
      <div className={styles["stage"]}>
        <ul className={styles["frame"]} data-control="stage" data-floor={holds || undefined}>
          {shown === undefined ? (
            <li className={styles["alone"]}>{t("room/alone")}</li>
          ) : (
            <Tile key={shown.seat.identity} occupant={shown} isStale={isStale} />
          )}
        </ul>
        {holds && <div className={styles["tag"]}>{floor.tag}</div>}
        {floor.plate}
      </div>
      <aside className={styles["rail"]} aria-label={t("landmark/sitting")}>
        <div className={styles["lists"]}>{floor.rail}</div>
        {small}
      </aside>
    </div>
  );
}
