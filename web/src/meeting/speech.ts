/**
 * Who may speak now: the floor's rule for receivers and senders (e2ee.md), by the reader's own fold. The server's grants follow
 * the same rule (`proceedings/usher.py`), and each of the three suffices alone.
 */
import type { Role } from "../accreditation/charter.ts";
import { isPresent } from "./delivery.ts";
import { roleOfThumbprint, type State } from "./state.ts";

/** Whose microphone needs no floor: the chair leads, interpreters have their booth. */
const ALWAYS_HEARD: ReadonlySet<Role> = new Set<Role>(["chair", "interpreter"]);
/** Who hears and sees, and is never heard: a floor that such a seat held would be an error. */
const SILENT: ReadonlySet<Role> = new Set<Role>(["press", "recorder", "witness"]);

/** Devices that may be heard in a sitting as it stands. */
export function speakers(state: State): ReadonlySet<string> {
  const { group, floor, stage } = state.sitting;
  if (stage !== "open") return new Set();
  const may = (device: string) => {
    const role = roleOfThumbprint(state.meeting, device);
    if (role === undefined || SILENT.has(role) || !isPresent(group, device)) return false;
    return ALWAYS_HEARD.has(role) || floor.holder?.device === device;
  };
  return new Set([...group.members.keys()].filter(may));
}
