import { Check, LoaderCircle } from "lucide-react";
import { useTranslation } from "react-i18next";
import { hourMinute } from "../../i18n/time.ts";
import styles from "./AgendaPanel.module.css";
import type { AgendaView, ItemView } from "./agendaView.ts";

type Translate = ReturnType<typeof useTranslation>["t"];

/** A restricted item has no title until its key is out. */
export function itemTitle({ title }: ItemView, t: Translate): string {
  return title ?? t("agenda/sealed");
}

/** The item that is open now, large enough for three metres. */
export function ItemNow({ view }: { readonly view: AgendaView }) {
  const { t } = useTranslation();
  const { current, items } = view;
  return (
    <section className={styles["now"]} aria-label={t("agenda/now")} data-control="item" data-item={current?.item ?? ""}>
      <p className={styles["quiet"]}>
        {current ? t("agenda/number", { number: current.number, all: items.length }) : t("agenda/title")}
      </p>
      <p className={styles["title"]}>{current ? itemTitle(current, t) : t("agenda/none")}</p>
      {current?.state === "opening" && <p className={styles["quiet"]}>{t("agenda/opening")}</p>}
    </section>
  );
}

/** All items of the sitting, in order. */
export function AgendaPanel({ view }: { readonly view: AgendaView }) {
  const { t } = useTranslation();
  return (
    <section className={styles["agenda"]} aria-labelledby="agenda-title" data-control="agenda">
      <h2 id="agenda-title">{t("agenda/title")}</h2>
      <ol>
        {view.items.map((item) => (
          <li key={item.item} className={styles["item"]} data-item={item.item} data-state={item.state}>
            <span className={styles["badge"]}>
              {item.state === "done" ? (
                <Check aria-hidden="true" size={20} />
              ) : item.state === "opening" ? (
                <LoaderCircle aria-hidden="true" size={20} />
              ) : (
                item.number
              )}
            </span>
            <div>
              <p className={styles["name"]}>{itemTitle(item, t)}</p>
              <p className={styles["quiet"]}>
                {t(`agenda/state/${item.state}`)}
                {item.state === "todo" &&
                  item.opens !== undefined &&
                  ` ${t("agenda/planned", { time: t("clock/at", hourMinute(item.opens)) })}`}
              </p>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
