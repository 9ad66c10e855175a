import { useState } from "react";
import { Button as AriaButton } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { Flag } from "../../ui/Flag.tsx";
import { firstOnStage, type Occupant } from "./occupants.ts";
import styles from "./SpeakerStage.module.css";
import { Tile } from "./Tile.tsx";

interface Props {
  readonly all: readonly Occupant[];
  readonly isStale: boolean;
}

/** One of them large, and the list. Until there is a floor, the reader says whom: no voice level moves the stage. */
export function SpeakerStage({ all, isStale }: Props) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<string>();
  const shown = all.find(({ seat, isSelf }) => !isSelf && seat.identity === chosen) ?? firstOnStage(all);
  if (shown !== undefined && shown.seat.identity !== chosen) setChosen(shown.seat.identity); // stays, whoever joins later
  const self = all.find(({ isSelf }) => isSelf);
  const chair = all.find(
    ({ seat, isSelf }) => seat.role === "chair" && !isSelf && seat.identity !== shown?.seat.identity,
  );
  return (
    <div className={styles["view"]}>
      <div className={styles["stage"]}>
        <ul className={styles["frame"]} data-control="stage">
          {shown === undefined ? (
            <li className={styles["alone"]}>{t("room/alone")}</li>
          ) : (
            <Tile key={shown.seat.identity} occupant={shown} isStale={isStale} />
          )}
        </ul>
        {shown && (
          <div className={styles["holder"]}>
            <Flag code={shown.seat.flag} size="large" />
            <div>
              <p className={styles["delegation"]}>{shown.seat.delegation}</p>
              <p className={styles["person"]}>
                {[shown.seat.person, shown.seat.role && t(`role/${shown.seat.role}`)].filter(Boolean).join(", ")}
              </p>
            </div>
          </div>
        )}
      </div>
      <aside className={styles["rail"]} aria-labelledby="present" id="list" tabIndex={-1}>
        <div className={styles["head"]}>
          <h2 id="present">{t("room/present")}</h2>
          <span>{t("room/count", { count: all.length })}</span>
        </div>
        <ol className={styles["list"]}>
          {all.map(({ seat, isSelf }, index) => (
            <li key={seat.identity} className={styles["item"]}>
              <span className={styles["number"]}>{index + 1}</span>
              <Flag code={seat.flag} />
              {isSelf ? (
                <span className={styles["name"]}>
                  {seat.delegation} <span className={styles["quiet"]}>{`(${t("seat/you")})`}</span>
                </span>
              ) : (
                <AriaButton
                  className={styles["choose"] ?? ""}
                  onPress={() => setChosen(seat.identity)}
                  aria-label={t("room/show", { delegation: seat.delegation })}
                  aria-current={seat.identity === shown?.seat.identity}
                >
                  <span className={styles["name"]}>{seat.delegation}</span>
                  {seat.role && seat.role !== "head" && (
                    <span className={styles["quiet"]}>{t(`role/${seat.role}`)}</span>
                  )}
                </AriaButton>
              )}
            </li>
          ))}
        </ol>
        <p className={styles["unproven"]}>{t("room/unproven")}</p>
        <ul className={styles["small"]}>
          {chair && <Tile occupant={chair} isStale={isStale} />}
          {self && <Tile occupant={self} isStale={isStale} />}
        </ul>
      </aside>
    </div>
  );
}
