/** Titles of restricted items: posted sealed by who has them, read by who has the item's key. */
import { ascii, b64u } from "../accreditation/bytes.ts";
import type { Text } from "../accreditation/charter.ts";
import { Malformed } from "../accreditation/json.ts";
import { read } from "../accreditation/members.ts";
import type { Heads } from "../e2ee/facts.ts";
import type { Group } from "../e2ee/group.ts";
import { type Bodies, readSealed } from "../meeting/acts.ts";
import type { State } from "../meeting/state.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";

const KIND = "agenda.title";
const LANGUAGES_MAX = 8;

/** The act's body that gives an item's key to the group. Save the group before it is posted. */
export async function keyMessage(group: Group, item: string, heads: Heads): Promise<Bodies["mls.message"] | Refusal> {
  const { group: id, epoch } = group.state;
  const message = await group.sendItemKey(item, heads);
  if (isRefusal(message)) return message;
  return id === null || epoch === null ? refuse("group.wrong_phase") : { group: id, epoch, message: b64u(message) };
}

/** The act's body that posts a title: `{language: text}` in compact JSON, sealed under the item's key. */
export async function sealedTitle(group: Group, item: string, title: Text): Promise<Bodies["agenda.title"] | Refusal> {
  const plain = new TextEncoder().encode(JSON.stringify(Object.fromEntries(title)));
  const body = await group.sealBody(item, KIND, plain);
  const sealed = isRefusal(body) ? body : read(ascii(body), readSealed);
  return isRefusal(sealed) ? sealed : { item, title: sealed };
}

/** A restricted item's title in its languages; undefined while nobody posted it, or its key is not here. */
export async function opened(group: Group, state: State, item: string): Promise<Text | undefined> {
  const sealed = state.sitting.agenda.titles.get(item);
  if (!sealed) return undefined;
  const wire = JSON.stringify({ item: sealed.item, key: sealed.key, sealed: sealed.sealed });
  const plain = await group.openBody(KIND, ascii(wire));
  if (isRefusal(plain)) return undefined;
  const text = read(plain, (members) => new Map(members.each(inLanguage, LANGUAGES_MAX)));
  return isRefusal(text) ? undefined : text;
}

function inLanguage(name: string, value: unknown, path: string): [string, string] {
  if (typeof value !== "string") throw new Malformed(path, "not a text");
  return [name, value];
}
