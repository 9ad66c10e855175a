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
  const next = close
    ? { ...close, act: acts.close, word: "agenda/close", control: "item-close" }
    : openNext && { ...openNext, act: acts.open, word: "agenda/open", control: "item-open" };
  if (!next) return null;
  const { item, refusal, act, word, control } = next;
  return (
    <OfferButton key={control} refusal={refusal} onPress={() => act(item.item)} control={control} side="before">
      {t(word, { number: item.number })}
      <Key letter="N" />
    </OfferButton>
  );
}
