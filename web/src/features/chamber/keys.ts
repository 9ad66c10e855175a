/** What a key does: by what it writes, not where it lies, so that every keyboard layout has it. */

export type KeyAction = "microphone" | "talk" | "camera" | "speaker" | "chamber" | "help" | SittingAction;

/** What belongs to the sitting: the record answers it. The last two ask before they act. */
export type SittingAction = "floor" | "give" | "takeBack" | "item" | "admit";

interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

const ACTIONS: ReadonlyMap<string, KeyAction> = new Map([
  ["m", "microphone"],
  ["v", "talk"],
  ["k", "camera"],
  ["1", "speaker"],
  ["2", "chamber"],
  ["?", "help"],
  ["f", "floor"],
  ["g", "give"],
  ["t", "takeBack"],
  ["n", "item"],
  ["a", "admit"],
]);

/** `undefined` in a text field, and with a modifier, which belongs to the browser and the system. */
export function actionOf(press: KeyPress, isInTextField: boolean): KeyAction | undefined {
  if (isInTextField || press.ctrlKey || press.altKey || press.metaKey) return undefined;
  return ACTIONS.get(press.key.toLowerCase());
}

/** Whether keys are text there: no single key acts then. */
export function isTextField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches("textarea, select")) return true;
  return target.matches("input:not([type=checkbox]):not([type=radio]):not([type=button])");
}
