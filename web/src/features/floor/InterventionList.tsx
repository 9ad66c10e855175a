import { useTranslation } from "react-i18next";
import { countryOf } from "../../ui/countries.ts";
import { Flag } from "../../ui/Flag.tsx";
import { OfferButton } from "../../ui/OfferButton.tsx";
import { RailSection } from "../../ui/RailSection.tsx";
import { type FloorActs, giveWords } from "./FloorButton.tsx";
import type { FloorView } from "./floorView.ts";
import styles from "./InterventionList.module.css";

/** Who asked to speak, in the order of asking: it grows at its end, and nothing in it jumps. */
export function InterventionList({ view, acts }: { readonly view: FloorView; readonly acts: FloorActs }) {
  const { t } = useTranslation();
  const { waiting, give } = view;
  return (
    <RailSection title={t("floor/list")} count={<span>{t("floor/waiting", { count: waiting.length })}</span>} id="list">
      {waiting.length === 0 ? (
        <p className={styles["empty"]}>{t("floor/nobodyWaits")}</p>
      ) : (
        <ol className={styles["list"]} data-control="intervention-list">
          {waiting.map((one, index) => (
            <li
              key={one.delegation}
              className={styles["row"]}
              data-delegation={one.delegation}
              data-ours={one.isOurs || undefined}
            >
              <span className={styles["number"]}>{one.place}</span>
              <Flag code={countryOf(one.delegation)} />
              <span className={styles["who"]}>
                <span className={styles["name"]}>{one.name}</span>
                {one.isOurs && <span className={styles["quiet"]}>{` (${t("seat/you")})`}</span>}
                {one.isAway && <span className={styles["away"]}>{t("floor/away")}</span>}
              </span>
              {give[index] && index > 0 ? (
                <OfferButton
                  refusal={give[index].refusal}
                  onPress={() => acts.give(one)}
                  label={giveWords(one, t)}
                  control="floor-give-row"
                >
                  {t("floor/give")}
                </OfferButton>
              ) : (
                index === 0 && <span className={styles["next"]}>{t("floor/next")}</span>
              )}
            </li>
          ))}
        </ol>
      )}
    </RailSection>
  );
}
