/** The wait of who opens a sitting: until the group has it, or until the server says no. */
import type { Refusal } from "../refusal.ts";
import { isPassing } from "./deeds.ts";
import type { SittingPhase } from "./sitting.ts";

/** A sitting that somebody pressed to open. */
export interface Opening {
  readonly phase: SittingPhase;
  /** The last thing that was refused. */
  readonly deeds: { readonly refusal: Refusal | undefined };
}

/** `until`: waits until something holds, or until this device's part has ended. A refusal that passes is not the answer. */
export async function opened(
  sitting: Opening,
  until: (holds: () => boolean) => Promise<void>,
): Promise<Refusal | undefined> {
  const isRefused = () => sitting.deeds.refusal !== undefined && !isPassing(sitting.deeds.refusal);
  await until(() => sitting.phase === "member" || isRefused());
  return sitting.phase === "member" ? undefined : sitting.deeds.refusal;
}
