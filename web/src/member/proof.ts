/** Both records as this device was shown them, and the alarms: one file, to be kept as proof. */
import { b64u } from "../accreditation/bytes.ts";
import type { Attendee } from "./attendee.ts";

/** Lines of compact JSON: what was seen, the charter with its parts, then the entries as they came. */
export function proofOf({ reader, alarms, sittings, me }: Attendee): Blob {
  const seen = [...alarms, ...[...sittings.values()].flatMap((sitting) => sitting.alarms)];
  const head = {
    incamera: "proof",
    v: 1,
    meeting: reader.meeting,
    device: me,
    alarms: seen,
    charters: reader.charters.map(({ jws }) => jws),
    parts: Object.fromEntries([...reader.parts].map(([name, data]) => [name, b64u(data)])),
  };
  const entries = [...reader.entries.values()].flat();
  const lines = entries.map(({ headerBytes, body }) => JSON.stringify({ h: b64u(headerBytes), b: body }));
  return new Blob([[JSON.stringify(head), ...lines, ""].join("\n")], { type: "application/x-ndjson" });
}
