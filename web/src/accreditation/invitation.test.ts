import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isRefusal, refuse } from "../refusal.ts";
import { b64u } from "./bytes.ts";
import { meetingOf, readInvitation } from "./invitation.ts";

test("an address that is no meeting's is refused", () => {
  for (const path of ["/", "/m/", "/m/a/b", "/x/a", "/m/%00"])
    expect(meetingOf(path)).toEqual(refuse("link.malformed"));
  expect(meetingOf("/m/qz-7")).toBe("qz-7");
});

interface LinkCase {
  readonly name: string;
  readonly link: string;
  readonly outcome: { readonly invitation?: { meeting: string; authority: string; seed: string }; refusal?: string };
}
const given: { readonly cases: readonly LinkCase[] } = JSON.parse(
  readFileSync(new URL("../../../tests/vectors/link.json", import.meta.url), "utf8"),
);

// What is wrong with the host or the scheme, a browser does not open; the page sees the path and the fragment.
test.each(given.cases.filter(({ outcome }) => outcome.invitation))("an invitation: $name", ({ link, outcome }) => {
  const { pathname, hash } = new URL(link.trim());
  const read = readInvitation(pathname, hash);
  if (isRefusal(read)) throw new Error(read.refused);
  const { meeting, authority, seed } = outcome.invitation ?? { meeting: "", authority: "", seed: "" };
  expect({ ...read, seed: b64u(read.seed) }).toEqual({ meeting, authority, seed });
});

test("a fragment that was cut, grown or changed in its version is no invitation", () => {
  const [first] = given.cases;
  const { pathname, hash } = new URL(first?.link ?? "");
  const broken = refuse("invitation.malformed");
  expect(readInvitation(pathname, hash.slice(0, -1))).toEqual(broken);
  expect(readInvitation(pathname, `${hash}A`)).toEqual(broken);
  expect(readInvitation(pathname, hash.replace("#A", "#B"))).toEqual(broken);
  expect(readInvitation("/m/qz-7", hash)).toEqual(broken);
});
