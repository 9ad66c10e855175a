import { MicOff } from "lucide-react";
import { useTranslation } from "react-i18next";
import { hourMinute } from "../../i18n/time.ts";
import { countryOf } from "../../ui/countries.ts";
import { Flag } from "../../ui/Flag.tsx";
import { Key } from "../../ui/Key.tsx";
import { OfferButton } from "../../ui/OfferButton.tsx";
import { personWithRole } from "../../ui/roleWords.ts";
import type { FloorActs } from "./FloorButton.tsx";
import styles from "./FloorPlate.module.css";
import { FloorTag } from "./FloorTag.tsx";
import type { FloorView, HolderView } from "./floorView.ts";
import { Time } from "./Time.tsx";

interface Props {
  /** Beside a text: the name and the time. */
  readonly isCompact?: boolean;
  readonly view: FloorView;
  /** The chair's, beside the plate of whom it is taken from. */
  readonly takeBack: FloorActs["takeBack"];
}

/** Who has the floor and for how long, to be read at three metres; or that nobody has. */
export function FloorPlate({ view, takeBack, isCompact = false }: Props) {
  const { t } = useTranslation();
  const { holder } = view;
  if (!holder)
    return (
      <section
        className={styles["plate"]}
        aria-label={t("landmark/floor")}
        data-control="floor-plate"
        data-holder=""
        data-compact={isCompact || undefined}
      >
        <div>
          <p className={styles["name"]}>{t("floor/nobody")}</p>
          <p className={styles["detail"]}>{nextWords(view, t)}</p>
        </div>
      </section>
    );
  return (
    <section
      className={styles["plate"]}
      aria-label={t("landmark/floor")}
      data-control="floor-plate"
      data-holder={holder.device}
      data-compact={isCompact || undefined}
    >
      <Flag code={countryOf(holder.delegation)} size="large" />
      <div className={styles["who"]}>
        <p className={styles["name"]}>{holder.name}</p>
        <p className={styles["detail"]}>{personWithRole(holder.person, holder.role, t)}</p>
      </div>
      <Spoken holder={holder} />
      <TakeBack view={view} takeBack={takeBack} />
    </section>
  );
}

/** The same in one line, above the whole chamber. */
export function FloorBand({ view, takeBack, item }: Props & { readonly item: string | undefined }) {
  const { t } = useTranslation();
  const { holder } = view;
  return (
    <section className={styles["band"]} aria-label={t("landmark/floor")} data-control="floor-band">
      {holder ? (
        <>
          <FloorTag />
          <div className={styles["bandWho"]}>
            <Flag code={countryOf(holder.delegation)} size="middle" />
            <p className={styles["bandName"]}>{holder.name}</p>
            <Time holder={holder} />
          </div>
          <TakeBack view={view} takeBack={takeBack} />
        </>
      ) : (
        <p className={styles["bandName"]}>{t("floor/nobody")}</p>
      )}
      <p className={styles["next"]}>{nextWords(view, t)}</p>
      {item !== undefined && <p className={styles["item"]}>{item}</p>}
    </section>
  );
}

function TakeBack({ view, takeBack }: Props) {
  const { t } = useTranslation();
  if (!view.takeBack) return null;
  return (
    <OfferButton refusal={view.takeBack.refusal} onPress={takeBack} control="floor-take-back">
      <MicOff aria-hidden="true" size={20} />
      {t("floor/takeBack")}
      <Key letter="T" />
    </OfferButton>
  );
}

function Spoken({ holder }: { readonly holder: HolderView }) {
  const { t } = useTranslation();
  return (
    <div className={styles["spoken"]}>
      <Time holder={holder} />
      <p className={styles["since"]}>{t("floor/since", { time: t("clock/at", hourMinute(holder.since)) })}</p>
    </div>
  );
}

type Translate = ReturnType<typeof useTranslation>["t"];

function nextWords({ waiting }: FloorView, t: Translate): string {
  const [first, second] = waiting;
  if (!first) return t("floor/nobodyWaits");
  return second
    ? t("floor/nextThen", { first: first.name, second: second.name })
    : t("floor/nextOne", { first: first.name });
}
