import { useTranslation } from "react-i18next";
import { countryOf } from "../../ui/countries.ts";
import { Flag } from "../../ui/Flag.tsx";
import styles from "./FloorPlate.module.css";
import type { FloorView } from "./floorView.ts";
import { Time } from "./Time.tsx";

/** Who has the floor, at the foot of a page that covers the chamber: the sitting goes on behind it. */
export function FloorFoot({ view }: { readonly view: FloorView }) {
  const { t } = useTranslation();
  const { holder } = view;
  return (
    <footer className={styles["foot"]} data-control="floor-foot">
      <p className={styles["next"]}>{t("floor/behind")}</p>
      {holder ? (
        <>
          <Flag code={countryOf(holder.delegation)} size="middle" />
          <p className={styles["bandName"]}>{holder.name}</p>
          <p className={styles["next"]}>{t("floor/hasIt")}</p>
          <Time holder={holder} />
        </>
      ) : (
        <p className={styles["next"]}>{t("floor/nobody")}</p>
      )}
    </footer>
  );
}
