import { createInstance } from "i18next";
import { expect, test } from "vitest";
import fr from "../i18n/fr.json";
import { personWithRole, withRole } from "./roleWords.ts";

const words = createInstance();
await words.init({ lng: "fr", resources: { fr: { translation: fr } }, keySeparator: "/", nsSeparator: false });

test("a role has a capital where it stands alone, and none behind a name", () => {
  expect(personWithRole(undefined, "head", words.t)).toBe("Chef de délégation");
  expect(personWithRole("T. Wiśniewski", "head", words.t)).toBe("T. Wiśniewski, chef de délégation");
  expect(withRole("Estonie", "adviser", words.t)).toBe("Estonie, conseiller");
});
