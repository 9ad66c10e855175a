import { useTranslation } from "react-i18next";
import { Key } from "../../ui/Key.tsx";
import { OfferButton } from "../../ui/OfferButton.tsx";
import type { Answer } from "../../ui/usePending.ts";
import type { AgendaView } from "./agendaView.ts";

export interface AgendaActs {
  readonly open: (item: string) => Promise<Answer>;
  readonly close: (item: string) => Promise<Answer>;
}

/** The chair's next step through the agenda: one item at a time, so that there is one button. */
export function AgendaButtons({ view, acts }: { readonly view: AgendaView; readonly acts: AgendaActs }) {
  const { t } = useTranslation();
  const { close, openNext } = view;
  if (close)
    return (
      <OfferButton
        refusal={close.refusal}
        onPress={() => acts.close(close.item.item)}
        control="item-close"
        side="before"
      >
        {t("agenda/close", { number: close.item.number })}
        <Key letter="N" />
      </OfferButton>
    );
  if (openNext)
    return (
      <OfferButton
        refusal={openNext.refusal}
        onPress={() => acts.open(openNext.item.item)}
        control="item-open"
        side="before"
      >
        {t("agenda/open", { number: openNext.item.number })}
        <Key letter="N" />
      </OfferButton>
    );
  return null;
}
