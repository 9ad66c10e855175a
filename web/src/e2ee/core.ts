/** The page's end of the Worker: the member's core, asked by name; a value or a refusal comes back. */
import { isRefusal, knownCode, type Refusal, refuse } from "../refusal.ts";
import type { Operations } from "./operations.ts";
import { Patience } from "./patience.ts";

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
  /** Calls `look` once a second of the page's own time, until `end`. */
  readonly watch: (look: () => void) => void;
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
  readonly #patience = new Patience();
  #last = 0;
  #fault: Error | undefined;
  /** Called once, at once, when the core broke, or has not answered for too long. */
  onFault: (fault: Error) => void = () => undefined;

  constructor(wire: Wire) {
    this.#wire = wire;
    wire.listen((reply) => this.#hear(reply));
    wire.watch(() => {
      if (this.#patience.look()) this.#broke("no answer");
    });
  }

  /** Rejects only when the core itself broke or hangs: then nothing of it can be believed any more. */
  ask<N extends Name>(
    name: N,
    ...args: Parameters<Operations[N]>
  ): Promise<Awaited<ReturnType<Operations[N]>> | CoreRefusal> {
    if (this.#fault) return Promise.reject(this.#fault);
    this.#last += 1;
    const id = this.#last;
    return new Promise((settle, fail) => {
      this.#waiting.set(id, { settle: settle as (value: unknown) => void, fail });
      this.#patience.asked(id);
      this.#wire.post({ id, name, args });
    });
  }

  /** As `ask`, for what the core never refuses. */
  async tell<N extends Name>(name: N, ...args: Parameters<Operations[N]>): Promise<Awaited<ReturnType<Operations[N]>>> {
    const answer = await this.ask(name, ...args);
    if (isRefusal(answer)) throw new Error(`the core refused ${name}: ${answer.refused}`);
    return answer;
  }

  /** Nobody waits for it any more, and nobody is left waiting. */
  end(): void {
    this.#fault ??= new Error("the core was ended");
    this.#wire.end();
    for (const { fail } of this.#waiting.values()) fail(this.#fault);
    this.#waiting.clear();
  }

  #hear(reply: Reply): void {
    if ("failed" in reply) this.#broke(reply.failed);
    else {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      this.#patience.answered(reply.id);
      waiting?.settle("value" in reply ? reply.value : coreRefusal(reply.refused));
    }
  }

  #broke(why: string): void {
    if (this.#fault) return;
    const fault = new Error(`the core broke: ${why}`);
    this.#fault = fault;
    this.#wire.end(); // what it would still say is of an instance that cannot be believed
    this.onFault(fault); // before anybody who waits: sending stops first
    this.end();
  }
}

/** The core's "no" in the codes of the record. */
export function coreRefusal(json: string): CoreRefusal {
  const { code, rule, author, reason }: { code: string; rule: string | null; author: string | null; reason: string } =
    JSON.parse(json);
  const chain = code === "chain.refused" ? CHAIN_RULES[Number(rule?.replace("CHAIN-", "")) - 1] : undefined;
  return { ...refuse(chain ?? knownCode(code) ?? "core.internal"), rule, author, reason };
}
