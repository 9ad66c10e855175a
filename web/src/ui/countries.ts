/**
 * Which flag, and which forms of its name, belong to a delegation's id: charters name states by ISO 3166-1, in two letters or three.
 * Who is not here has no flag: a neutral plate, and its name as the charter has it.
 */

const TWO_LETTERS: Readonly<Record<string, string>> = {
  alb: "al",
  aus: "au",
  aut: "at",
  bel: "be",
  bgr: "bg",
  can: "ca",
  che: "ch",
  cyp: "cy",
  cze: "cz",
  deu: "de",
  dnk: "dk",
  esp: "es",
  est: "ee",
  eu: "eu",
  fin: "fi",
  fra: "fr",
  gbr: "gb",
  grc: "gr",
  hrv: "hr",
  hun: "hu",
  irl: "ie",
  isl: "is",
  ita: "it",
  jpn: "jp",
  kor: "kr",
  ltu: "lt",
  lux: "lu",
  lva: "lv",
  mkd: "mk",
  mlt: "mt",
  mne: "me",
  nld: "nl",
  nor: "no",
  nzl: "nz",
  pol: "pl",
  prt: "pt",
  rou: "ro",
  svk: "sk",
  svn: "si",
  swe: "se",
  tur: "tr",
  ukr: "ua",
  usa: "us",
};
const KNOWN: ReadonlySet<string> = new Set(Object.values(TWO_LETTERS));

/** The two letters, as flag-icons names its files. */
export function countryOf(delegation: string): string | undefined {
  return TWO_LETTERS[delegation] ?? (KNOWN.has(delegation) ? delegation : undefined);
}

/**
 * The grammatical form in which a sentence takes the name: `place/<form>/…` in i18n. By article and gender in French, and by the
 * article in English (`the…`).
 */
export type PlaceForm =
  | "plain"
  | "feminine"
  | "masculine"
  | "elided"
  | "theFeminine"
  | "theMasculine"
  | "theElided"
  | "thePlural"
  | "other";

const FORMS: Readonly<Record<PlaceForm, string>> = {
  plain: "cy mt",
  feminine: "be bg hr fi fr de gr hu lv lt mk no pl ro sk si se tr ch kr nz",
  masculine: "ca dk lu me pt jp",
  elided: "al at au ee es ie is it ua",
  theFeminine: "cz",
  theMasculine: "gb",
  theElided: "eu",
  thePlural: "nl us",
  other: "",
};
const FORM_OF: ReadonlyMap<string, PlaceForm> = new Map(
  (Object.keys(FORMS) as PlaceForm[]).flatMap((form) => FORMS[form].split(" ").map((code) => [code, form] as const)),
);

/** `other`: a name that no sentence may decline, as an organisation's. */
export function formOf(delegation: string): PlaceForm {
  return FORM_OF.get(countryOf(delegation) ?? "-") ?? "other";
}
