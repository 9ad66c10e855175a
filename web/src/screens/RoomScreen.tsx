import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { SUITE } from "../accreditation/charter.ts";
import { AgendaButtons } from "../features/agenda/AgendaButtons.tsx";
import { AgendaPanel, ItemNow, itemTitle } from "../features/agenda/AgendaPanel.tsx";
import { agendaView } from "../features/agenda/agendaView.ts";
import { ChamberPage } from "../features/chamber/ChamberPage.tsx";
import { chamberView } from "../features/chamber/chamberView.ts";
import type { SittingAction } from "../features/chamber/keys.ts";
import { deviceOf } from "../features/chamber/occupants.ts";
import { ContestCards } from "../features/contest/ContestCards.tsx";
import { contestView } from "../features/contest/contestView.ts";
import { DoorPanel } from "../features/door/DoorPanel.tsx";
import { doorView, firstAtDoor } from "../features/door/doorView.ts";
import { FloorButton } from "../features/floor/FloorButton.tsx";
import { FloorBand, FloorPlate } from "../features/floor/FloorPlate.tsx";
import { FloorTag } from "../features/floor/FloorTag.tsx";
import { floorView, marks } from "../features/floor/floorView.ts";
import { InterventionList } from "../features/floor/InterventionList.tsx";
import { otherSittings } from "../features/lobby/lobbyView.ts";
import { OtherSittings } from "../features/lobby/OtherSittings.tsx";
import { LockPage } from "../features/lock/LockPage.tsx";
import { LockPill } from "../features/lock/LockPill.tsx";
import { lockView } from "../features/lock/lockView.ts";
import { nobody, place, type Seating } from "../meeting/seating.ts";
import { inLanguage, plateOf, type Sight, stateOf } from "../meeting/sight.ts";
import { OPENERS } from "../meeting/sittings.ts";
import { speakers } from "../meeting/speech.ts";
import type { PlaneSnapshot, PrivateMember } from "../member/plane.ts";
import { AskedButton } from "../ui/AskedButton.tsx";
import { Confirm } from "../ui/Confirm.tsx";
import { countryOf } from "../ui/countries.ts";
import { withRole } from "../ui/roleWords.ts";
import { useStore } from "../ui/useStore.ts";
import { FeedNews } from "./FeedNews.tsx";
import styles from "./RoomScreen.module.css";
import { type RoomActs, roomActs } from "./roomActs.ts";
import { titlesIn } from "./titles.ts";
import { useSittingNews } from "./useSittingNews.ts";

interface Props {
  readonly member: PrivateMember;
  readonly plane: PlaneSnapshot;
  readonly sight: Sight;
}

/** All that the room shows of the sitting, each part a pure view of the same fold. */
function useViews({ member, plane, sight }: Props) {
  const { i18n } = useTranslation();
  const { others } = useStore(member.room);
  const { titles, roster } = plane;
  return useMemo(() => {
    const now_ms = member.now();
    const role = plateOf(sight, sight.device)?.role;
    const { lobby } = stateOf(sight).sitting;
    return {
      role,
      runs: role !== undefined && OPENERS.has(role),
      chamber: chamberView(sight, others, countryOf),
      floor: floorView(sight, now_ms),
      agenda: agendaView(sight, titlesIn(titles, i18n.language), now_ms),
      door: doorView(sight, admittedElsewhere(sight), now_ms),
      lock: lockView(sight, roster, now_ms),
      contests: contestView(sight, now_ms),
      maySpeak: speakers(stateOf(sight)).has(sight.device),
      isAdmitted: lobby.admits.has(sight.device),
    };
  }, [member, sight, others, titles, roster, i18n.language]);
}

/** Admitted to another sitting before, by the journals that this device reads. */
function admittedElsewhere({ record, sitting }: Sight): (device: string) => boolean {
  return (device) => [...record.sittings].some(([id, { lobby }]) => id !== sitting && lobby.admittedOnce.has(device));
}

export function RoomScreen({ member, plane, sight }: Props) {
  const { t, i18n } = useTranslation();
  const views = useViews({ member, plane, sight });
  const { chamber, floor, agenda, door, lock, contests, runs } = views;
  const acts = useMemo(() => roomActs(member), [member]);
  const [isLockOpen, setLockOpen] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: who asks for a view wants to see it
  useEffect(() => setLockOpen(false), [plane.view]);
  const [asked, setAsked] = useState<"item" | "admit">();
  const seating = useSeating(chamber.others, chamber.own);
  useSittingNews(floor, door, agenda, runs);
  const part = sight.contents.sittings.get(sight.sitting);
  const isWaiting = floor.waiting.some(({ device }) => device === sight.device);
  const { accreditation } = plane;
  const current = agenda.current;
  const detail = [part && inLanguage(part.title, i18n.language), views.role === "chair" && t("room/inTheChair")]
    .filter(Boolean)
    .join(". ");
  const rail = (
    <>
      <ItemNow view={agenda} />
      <ContestCards all={contests} acts={acts.contest} />
      {runs && <DoorPanel view={door} acts={acts.door} />}
      <InterventionList view={floor} acts={acts.floor} />
      <AgendaPanel view={agenda} />
      {runs && (
        <div className={styles["close"]}>
          <AskedButton
            refusal={undefined}
            act={acts.close}
            control="close-sitting"
            title={t("sitting/closeTitle")}
            text={t("sitting/closeText")}
            word={t("sitting/close")}
          >
            {t("sitting/close")}
          </AskedButton>
        </div>
      )}
    </>
  );
  const first = firstAtDoor(door);
  return (
    <>
      <ChamberPage
        title={accreditation ? inLanguage(accreditation.title, i18n.language) : t("app/name")}
        detail={detail}
        own={chamber.own}
        others={chamber.others}
        seating={seating}
        places={chamber.places}
        pill={<LockPill view={lock} isOpen={isLockOpen} onPress={() => setLockOpen((open) => !open)} />}
        sitting={{
          marks: marks(floor),
          floor: { maySpeak: views.maySpeak, isWaiting },
          band: (
            <>
              <FloorBand
                view={floor}
                takeBack={acts.floor.takeBack}
                item={current && t("agenda/short", { number: current.number, title: itemTitle(current, t) })}
              />
              {!runs && <ContestCards all={contests} acts={acts.contest} />}
            </>
          ),
          plate: <FloorPlate view={floor} takeBack={acts.floor.takeBack} />,
          tag: <FloorTag />,
          rail,
          runs,
          offers: (
            <>
              {views.role === "chair" && <AgendaButtons view={agenda} acts={acts.agenda} />}
              <FloorButton view={floor} acts={acts.floor} />
            </>
          ),
          elsewhere: <OtherSittings doors={otherSittings(plane.lobby)} go={member.knock} />,
          news: <FeedNews isLive={plane.isLive} away={plane.away} current={current} />,
          actions: actionsOf(),
          act: onAction,
          ...(isLockOpen && { instead: lockPage() }),
        }}
      />
      {asked === "item" && (agenda.close || agenda.openNext) && (
        <Confirm
          title={itemQuestion()}
          word={itemQuestion()}
          control="confirm-item"
          onClose={() => setAsked(undefined)}
          onConfirm={() => void nextItem(acts)}
        />
      )}
      {asked === "admit" && first && (
        <Confirm
          title={t("door/admitWhom", {
            who: withRole(first.name, first.role, t),
          })}
          word={t("door/admit")}
          control="confirm-admit"
          onClose={() => setAsked(undefined)}
          onConfirm={() => void acts.door.admit(first.device)}
        />
      )}
    </>
  );

  function lockPage() {
    return (
      <LockPage
        view={lock}
        facts={{
          epoch: plane.epoch,
          words: plane.words,
          authority: accreditation?.authority ?? "",
          suite: SUITE,
          page: accreditation?.page ?? "server",
          language: accreditation?.languages[0] ?? "en",
        }}
        acts={{
          exclude: acts.exclude,
          differ: () => member.raise({ cause: "words" }),
          back: () => setLockOpen(false),
        }}
        aside={
          <div>
            <FloorPlate view={floor} takeBack={acts.floor.takeBack} isCompact />
            <InterventionList view={floor} acts={acts.floor} />
          </div>
        }
      />
    );
  }

  function itemQuestion(): string {
    if (agenda.close) return t("agenda/close", { number: agenda.close.item.number });
    return agenda.openNext ? t("agenda/open", { number: agenda.openNext.item.number }) : "";
  }

  async function nextItem({ agenda: turn }: RoomActs) {
    if (agenda.close) return turn.close(agenda.close.item.item);
    return agenda.openNext && turn.open(agenda.openNext.item.item);
  }

  /** Which single keys mean something for this seat: the list of keys shows these. */
  function actionsOf(): readonly SittingAction[] {
    const chair: readonly SittingAction[] = views.role === "chair" ? ["give", "takeBack", "item"] : [];
    return [...(floor.offer ? (["floor"] as const) : []), ...chair, ...(runs ? (["admit"] as const) : [])];
  }

  function onAction(action: SittingAction): void {
    if (action === "item" || action === "admit") setAsked(action);
    else press(...CONTROLS[action]);
  }
}

/** The buttons of which a key presses the one that is there. */
const CONTROLS: Readonly<Record<"floor" | "give" | "takeBack", readonly string[]>> = {
  floor: ["floor-ask", "floor-withdraw", "floor-give-back"],
  give: ["floor-give"],
  takeBack: ["floor-take-back"],
};

/** A key does what its button does, with the button's own pending state and refusal. */
function press(...controls: readonly string[]): void {
  const selector = controls.map((name) => `[data-control="${name}"]`).join(",");
  document.querySelector<HTMLButtonElement>(selector)?.click();
}

/** Places by device: a reload is the same device, and stands where it stood. */
function useSeating(others: readonly { readonly seat: ChamberSeat }[], own: ChamberSeat): Seating {
  const seating = useRef<Seating>(nobody);
  const seats = [own, ...others.map(({ seat }) => seat)].map((seat) => ({
    ...seat,
    identity: deviceOf(seat.identity),
  }));
  seating.current = place(seating.current, seats);
  return seating.current;
}

type ChamberSeat = ReturnType<typeof chamberView>["own"];
