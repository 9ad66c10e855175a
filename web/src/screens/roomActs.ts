/** What the room's buttons do: each is an act, and its answer is the record's. */
import type { AgendaActs } from "../features/agenda/AgendaButtons.tsx";
import type { ContestActs } from "../features/contest/ContestCards.tsx";
import type { DoorActs } from "../features/door/DoorPanel.tsx";
import type { FloorActs } from "../features/floor/FloorButton.tsx";
import type { PrivateMember } from "../member/plane.ts";
import type { Answer } from "../ui/usePending.ts";

export interface RoomActs {
  readonly floor: FloorActs;
  readonly door: DoorActs;
  readonly agenda: AgendaActs;
  readonly contest: ContestActs;
  readonly exclude: (device: string) => Promise<Answer>;
  readonly close: () => Promise<Answer>;
}

export function roomActs({ act }: Pick<PrivateMember, "act">): RoomActs {
  return {
    floor: {
      ask: () => act("floor.request", {}),
      withdraw: () => act("floor.withdraw", {}),
      give: ({ delegation, device }) => act("floor.give", { delegation, device }),
      takeBack: () => act("floor.take_back", {}),
    },
    door: {
      admit: (device) => act("lobby.admit", { device }),
      refuse: (knock, code) => act("lobby.refuse", { knock, code }),
    },
    agenda: {
      open: (item) => act("agenda.open", { item }),
      close: (item) => act("agenda.close", { item }),
    },
    contest: {
      reopen: (seat) => act("invitation.reopen", { seat }),
      revoke: (device) => act("device.revoke", { device }),
    },
    exclude: (device) => act("lobby.exclude", { device }),
    close: () => act("sitting.close", {}),
  };
}
