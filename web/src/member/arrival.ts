/** A tab's arrival: with which link it came to which server, before anything is read. Once a page load. */
import { thumbprint } from "../accreditation/signature.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { Client } from "./client.ts";
import { invitationKey } from "./device.ts";
import type { LinkKey } from "./enrolment.ts";
import type { Entrance } from "./entrance.ts";
import type { TabMemory } from "./memory.ts";
import { type Origin, whence } from "./origin.ts";
import { takeSeat } from "./seatLock.ts";
import { webcrypto } from "./webcrypto.ts";

export interface Arrival {
  /** The link's key, where this tab still has it. */
  readonly link: LinkKey | undefined;
  /** Thumbprint of the link's key. */
  readonly invitation: string;
  readonly page: Origin["page"];
  readonly client: Client;
}

/** Takes the seat in this browser, for as long as the page lives; refused where another tab has it. `now`: milliseconds since 1970. */
export async function arrive(entrance: Entrance, memory: TabMemory, now: () => number): Promise<Arrival | Refusal> {
  const link = entrance.seed && (await invitationKey(entrance.seed));
  const invitation = link ? await thumbprint(link.public, webcrypto) : (entrance.invitation ?? "");
  if (link) memory.keep({ invitation });
  if (!(await takeSeat(entrance.meeting, invitation))) return refuse("seat.open");
  const { page, server } = await whence();
  return { link, invitation, page, client: new Client(entrance.meeting, server, now) };
}
