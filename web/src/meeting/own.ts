/** The server's own entries: a closed list; a reader derives each again and refuses one that was not due. */
import { b64u } from "../accreditation/bytes.ts";
import { type Members, read } from "../accreditation/members.ts";
import { jwkMember, type PublicKey } from "../accreditation/signature.ts";
import type { Refusal } from "../refusal.ts";
import { NONCE_LENGTH } from "./acts.ts";

const JWS_LENGTH_MAX = 2 * 1024 * 1024;

export type Own =
  /** The server began to serve the meeting: main's first entry, and one each start. */
  | { readonly kind: "server.started"; readonly nonce: string; readonly charter: string; readonly registrar: PublicKey }
  /** A knock's chain has ended. */
  | { readonly kind: "deadline.passed"; readonly because: string; readonly nonce: string }
  /** A used link was used again, by this refused act. */
  | { readonly kind: "enrolment.contested"; readonly because: string; readonly nonce: string }
  /** A link was contested too often: it takes no more devices until it is reopened. */
  | { readonly kind: "enrolment.locked"; readonly seat: string; readonly nonce: string };

const ownKinds = ["server.started", "deadline.passed", "enrolment.contested", "enrolment.locked"] as const;

export function readOwn(body: string): Own | Refusal {
  return read(new TextEncoder().encode(body), parseOwn);
}

function parseOwn(body: Members): Own {
  const kind = body.oneOf("kind", ownKinds);
  switch (kind) {
    case "server.started":
      return { kind, nonce: nonce(body), charter: body.hash("charter"), registrar: jwkMember(body, "registrar") };
    case "deadline.passed":
      return { kind, because: body.hash("because"), nonce: nonce(body) };
    case "enrolment.contested":
      return { kind, because: body.text("because", JWS_LENGTH_MAX), nonce: nonce(body) };
    case "enrolment.locked":
      return { kind, seat: body.slug("seat"), nonce: nonce(body) };
  }
}

/** The body as the server writes it: compact JSON, members in this order. */
export function ownBody(own: Own): string {
  if (own.kind !== "server.started") return JSON.stringify(own);
  const registrar = { kty: "OKP", crv: "Ed25519", x: b64u(own.registrar.octets) };
  return JSON.stringify({ kind: own.kind, nonce: own.nonce, charter: own.charter, registrar });
}

/** JSON begins with a brace, a JWS never does. */
export function isOwn(body: string): boolean {
  return body.startsWith("{");
}

function nonce(body: Members): string {
  return b64u(body.octets("nonce", NONCE_LENGTH));
}
