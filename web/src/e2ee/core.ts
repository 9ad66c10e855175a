/** The page's end of the Worker: the member's core, asked by name; a value or a refusal comes back. */
import { isRefusal, knownCode, type Refusal, refuse } from "../refusal.ts";
import type { Operations } from "./operations.ts";

type Name = keyof Operations;

/** A call on its way to the Worker. Calls are carried out in the order in which they are made. */
export interface Call {
  readonly id: number;
  readonly name: Name;
  readonly args: readonly unknown[];
}

export type Reply =
  | { readonly id: number; readonly value: unknown }
  /** The core's "no": `{code, reason, rule, author}` in JSON. */
  | { readonly id: number; readonly refused: string }
  /** A fault of ours: the instance is of no use any more. */
  | { readonly id: number; readonly failed: string };

/** Where calls go: a Worker, or the same module in a test. */
export interface Wire {
  readonly post: (call: Call) => void;
  readonly listen: (listener: (reply: Reply) => void) => void;
  readonly end: () => void;
}

/** A refusal of the core, with the number of the check that fired and who sent what it refused. */
export interface CoreRefusal extends Refusal {
  readonly rule: string | null;
  readonly author: string | null;
  readonly reason: string;
}

const CHAIN_RULES = [
  "chain.length",
  "chain.form",
  "chain.payload",
  "chain.key",
  "chain.authority",
  "chain.issuer",
  "chain.signature",
  "chain.meeting",
  "chain.charter",
  "chain.seat",
  "chain.time",
  "chain.sitting",
  "chain.enrolled",
  "chain.revoked",
] as const;

export class Core {
  readonly #wire: Wire;
  readonly #waiting = new Map<number, { settle: (value: unknown) => void; fail: (error: Error) => void }>();
  #last = 0;
  #fault: Error | undefined;
  /** Called once, at once, when the core broke. */
  onFault: (fault: Error) => void = () => undefined;

  constructor(wire: Wire) {
    this.#wire = wire;
    wire.listen((reply) => this.#hear(reply));
  }

  /** Rejects only when the core itself broke: then nothing of it can be believed any more. */
  ask<N extends Name>(
    name: N,
    ...args: Parameters<Operations[N]>
  ): Promise<Awaited<ReturnType<Operations[N]>> | CoreRefusal> {
    if (this.#fault) return Promise.reject(this.#fault);
    this.#last += 1;
    const id = this.#last;
    return new Promise((settle, fail) => {
      this.#waiting.set(id, { settle: settle as (value: unknown) => void, fail });
      this.#wire.post({ id, name, args });
    });
  }

  /** As `ask`, for what the core never refuses. */
  async tell<N extends Name>(name: N, ...args: Parameters<Operations[N]>): Promise<Awaited<ReturnType<Operations[N]>>> {
    const answer = await this.ask(name, ...args);
    if (isRefusal(answer)) throw new Error(`the core refused ${name}: ${answer.refused}`);
    return answer;
  }

  end(): void {
    this.#wire.end();
  }

  #hear(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ("value" in reply) waiting?.settle(reply.value);
    else if ("refused" in reply) waiting?.settle(coreRefusal(reply.refused));
    else if (!this.#fault) {
      const fault = new Error(`the core broke: ${reply.failed}`);
      this.#fault = fault;
      this.#wire.end(); // what it would still say is of an instance that cannot be believed
      this.onFault(fault); // before anybody who waits: sending stops first
      waiting?.fail(fault);
      for (const { fail } of this.#waiting.values()) fail(fault);
      this.#waiting.clear();
    }
  }
}

/** The core's "no" in the codes of the record. */
export function coreRefusal(json: string): CoreRefusal {
  const { code, rule, author, reason }: { code: string; rule: string | null; author: string | null; reason: string } =
    JSON.parse(json);
  const chain = code === "chain.refused" ? CHAIN_RULES[Number(rule?.replace("CHAIN-", "")) - 1] : undefined;
  return { ...refuse(chain ?? knownCode(code) ?? "core.internal"), rule, author, reason };
}
