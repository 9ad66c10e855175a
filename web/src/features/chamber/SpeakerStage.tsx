import { type ReactNode, useState } from "react";
import { Button as AriaButton } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { Flag } from "../../ui/Flag.tsx";
import { firstOnStage, type Occupant } from "./occupants.ts";
import styles from "./SpeakerStage.module.css";
import { Tile } from "./Tile.tsx";

interface Props {
  readonly all: readonly Occupant[];
  readonly isStale: boolean;
  /** Where the record says who speaks: the plate below the picture, the word on its frame, the lists beside it. */
  readonly floor?: { readonly plate: ReactNode; readonly tag: ReactNode; readonly rail: ReactNode } | undefined;
}

/** One of them large: who has the floor; where there is none, whom the reader chooses. No voice level moves the stage. */
export function SpeakerStage({ all, isStale, floor }: Props) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<string>();
  const holds = all.some(({ mark }) => mark?.is === "floor");
  const shown =
    (holds ? undefined : all.find(({ seat, isSelf }) => !isSelf && seat.identity === chosen)) ?? firstOnStage(all);
  if (!holds && shown !== undefined && shown.seat.identity !== chosen) setChosen(shown.seat.identity); // stays, whoever joins later
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
        {holds && <div className={styles["tag"]}>{floor?.tag}</div>}
        {floor?.plate ?? (shown && <Plate shown={shown} />)}
      </div>
      <aside className={styles["rail"]} aria-label={floor ? t("landmark/sitting") : t("room/present")}>
        {floor ? (
          <div className={styles["lists"]}>{floor.rail}</div>
        ) : (
          <Present all={all} shown={shown} choose={setChosen} />
        )}
        {small}
      </aside>
    </div>
  );
}

function Plate({ shown }: { readonly shown: Occupant }) {
  const { t } = useTranslation();
  return (
    <div className={styles["holder"]}>
      <Flag code={shown.seat.flag} size="large" />
      <div>
        <p className={styles["delegation"]}>{shown.seat.delegation}</p>
        <p className={styles["person"]}>
          {[shown.seat.person, shown.seat.role && t(`role/${shown.seat.role}`)].filter(Boolean).join(", ")}
        </p>
      </div>
    </div>
  );
}

interface PresentProps {
  readonly all: readonly Occupant[];
  readonly shown: Occupant | undefined;
  readonly choose: (identity: string) => void;
}

/** Everybody by name, where no record says who they are. */
function Present({ all, shown, choose }: PresentProps) {
  const { t } = useTranslation();
  return (
    <div className={styles["present"]} id="list" tabIndex={-1}>
      <div className={styles["head"]}>
        <h2>{t("room/present")}</h2>
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
                onPress={() => choose(seat.identity)}
                aria-label={t("room/show", { delegation: seat.delegation })}
                aria-current={seat.identity === shown?.seat.identity}
              >
                <span className={styles["name"]}>{seat.delegation}</span>
                {seat.role && seat.role !== "head" && <span className={styles["quiet"]}>{t(`role/${seat.role}`)}</span>}
              </AriaButton>
            )}
          </li>
        ))}
      </ol>
      <p className={styles["unproven"]}>{t("room/unproven")}</p>
    </div>
  );
}
