import { Hand, Mic, MicOff } from "lucide-react";
import { useTranslation } from "react-i18next";
import { formOf } from "../../ui/countries.ts";
import { Key } from "../../ui/Key.tsx";
import { OfferButton } from "../../ui/OfferButton.tsx";
import type { Answer } from "../../ui/usePending.ts";
import styles from "./FloorButton.module.css";
import type { FloorView } from "./floorView.ts";

/** What a person can do with the floor: each an act, answered by the record. */
export interface FloorActs {
  readonly ask: () => Promise<Answer>;
  readonly withdraw: () => Promise<Answer>;
  readonly give: (to: { readonly delegation: string; readonly device: string }) => Promise<Answer>;
  readonly takeBack: () => Promise<Answer>;
}

interface Props {
  readonly view: FloorView;
  readonly acts: FloorActs;
}

/** The primary of the room: ask, withdraw or give back; for the chair, give to the next. A screen has one. */
export function FloorButton({ view, acts }: Props) {
  const { t } = useTranslation();
  const { offer } = view;
  const next = view.give[0];
  return (
    <div className={styles["floor"]} data-control="floor">
      {next && (
        <OfferButton
          weight="primary"
          refusal={next.refusal}
          onPress={() => acts.give(next.to)}
          control="floor-give"
          side="before"
        >
          <Mic aria-hidden="true" size={22} />
          {giveWords(next.to, t)}
          <Key letter="G" />
        </OfferButton>
      )}
      {offer?.does === "ask" && (
        <OfferButton weight="primary" refusal={offer.refusal} onPress={acts.ask} control="floor-ask" side="before">
          <Hand aria-hidden="true" size={22} />
          {t("floor/ask")}
          <Key letter="F" />
        </OfferButton>
      )}
      {offer?.does === "withdraw" && (
        <>
          <p className={styles["place"]}>{t("floor/place", { place: offer.place })}</p>
          <OfferButton refusal={offer.refusal} onPress={acts.withdraw} control="floor-withdraw" side="before">
            {t("floor/withdraw")}
            <Key letter="F" />
          </OfferButton>
        </>
      )}
      {offer?.does === "giveBack" && (
        <OfferButton
          weight="primary"
          refusal={offer.refusal}
          onPress={acts.takeBack}
          control="floor-give-back"
          side="before"
        >
          <MicOff aria-hidden="true" size={22} />
          {t("floor/giveBack")}
          <Key letter="F" />
        </OfferButton>
      )}
    </div>
  );
}

type Translate = ReturnType<typeof useTranslation>["t"];

/** A whole sentence: French has an article and a gender for each state. */
export function giveWords({ delegation, name }: { delegation: string; name: string }, t: Translate): string {
  return t(`place/${formOf(delegation)}/give`, { name });
}
