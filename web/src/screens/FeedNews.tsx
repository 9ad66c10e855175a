import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { itemTitle } from "../features/agenda/AgendaPanel.tsx";
import type { ItemView } from "../features/agenda/agendaView.ts";
import { hourMinute } from "../i18n/time.ts";
import type { PlaneSnapshot } from "../member/plane.ts";
import { announce } from "../ui/announce.ts";

/** A feed that stops for a moment is not worth a word. */
const QUIET_MS = 2_000;
/** How long "you were away" stays to be read. */
const AWAY_SHOWN_MS = 60_000;

interface Props {
  readonly isLive: boolean;
  readonly away: PlaneSnapshot["away"];
  readonly current: ItemView | undefined;
}

/** Where the record's own line is not simply there, and what went on while this tab slept. */
export function FeedNews({ isLive, away, current }: Props) {
  const { t } = useTranslation();
  const isLost = useAfter(!isLive, QUIET_MS, isLive);
  const isPast = useAfter(away !== undefined, AWAY_SHOWN_MS, away);
  const slept =
    away &&
    [
      t("room/away", { from: t("clock/at", hourMinute(away.from)), to: t("clock/at", hourMinute(away.to)) }),
      current && t("room/awayItem", { number: current.number, title: itemTitle(current, t) }),
    ]
      .filter(Boolean)
      .join(" ");
  useEffect(() => {
    if (isLost) announce(t("room/recordLost"));
  }, [isLost, t]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: said once for each sleep
  useEffect(() => {
    if (slept) announce(slept);
  }, [away]);
  if (isLost)
    return (
      <strong role="note" data-control="feed-lost">
        {t("room/recordLost")}
      </strong>
    );
  return slept && !isPast ? <span data-control="away">{slept}</span> : null;
}

/** Whether something has been so for a while; another `key` begins anew. */
function useAfter(isSo: boolean, delay_ms: number, key: unknown): boolean {
  const [isPast, setPast] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another key is another beginning
  useEffect(() => {
    setPast(false);
    if (!isSo) return;
    const timer = setTimeout(() => setPast(true), delay_ms);
    return () => clearTimeout(timer);
  }, [isSo, delay_ms, key]);
  return isPast;
}
