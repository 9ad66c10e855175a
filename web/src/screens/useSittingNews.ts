import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { AgendaView } from "../features/agenda/agendaView.ts";
import { type DoorView, newcomers } from "../features/door/doorView.ts";
import { type FloorNews, type FloorView, newsOf } from "../features/floor/floorView.ts";
import { announce, assertive } from "../ui/announce.ts";
import { formOf } from "../ui/countries.ts";
import { withRole } from "../ui/roleWords.ts";

/** Knocks are gathered so long before they are said. */
const GATHERED_MS = 3_000;

type Translate = ReturnType<typeof useTranslation>["t"];

/** Says what changed on the floor, at the door and in the agenda, to who hears rather than sees. */
export function useSittingNews(floor: FloorView, door: DoorView, agenda: AgendaView, runs: boolean): void {
  const { t } = useTranslation();
  const floorBefore = useRef(floor);
  useEffect(() => {
    const news = newsOf(floorBefore.current, floor);
    floorBefore.current = floor;
    if (news) announce(floorWords(news, t), news.says === "yours" || news.says === "next" ? assertive : undefined);
  }, [floor, t]);

  const doorBefore = useRef(door);
  const fresh = newcomers(doorBefore.current, door);
  const gathered = runs ? fresh.map(({ knock }) => knock).join(" ") : "";
  const [newest] = fresh;
  const words =
    newest &&
    t("door/news", {
      who: withRole(newest.name, newest.role, t),
      count: door.waiting,
    });
  // biome-ignore lint/correctness/useExhaustiveDependencies: told once for each set of newcomers
  useEffect(() => {
    if (gathered === "") return;
    const timer = setTimeout(() => {
      doorBefore.current = door;
      if (words) announce(words);
    }, GATHERED_MS);
    return () => clearTimeout(timer);
  }, [gathered]);

  const open = agenda.current?.state === "open" ? agenda.current : undefined;
  const itemBefore = useRef(open?.item);
  // biome-ignore lint/correctness/useExhaustiveDependencies: told when another item opens
  useEffect(() => {
    if (open && open.item !== itemBefore.current)
      announce(t("agenda/short", { number: open.number, title: open.title ?? t("agenda/sealed") }));
    itemBefore.current = open?.item;
  }, [open?.item]);
}

function floorWords({ says, holder, next, place }: FloorNews, t: Translate): string {
  switch (says) {
    case "yours":
      return t("floor/news/yours");
    case "next":
      return t("floor/news/next");
    case "place":
      return t("floor/place", { place });
    case "free":
      return [t("floor/nobody"), next && t("floor/nextOne", { first: next.name })].filter(Boolean).join(". ");
    case "given":
      return [
        holder && t(`place/${formOf(holder.delegation)}/has`, { name: holder.name }),
        next && t("floor/nextOne", { first: next.name }),
      ]
        .filter(Boolean)
        .join(" ");
  }
}
