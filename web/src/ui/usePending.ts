import { useCallback, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Code, isRefusal, type Refusal } from "../refusal.ts";
import { announce } from "./announce.ts";
import { refusalSentence } from "./refusalWords.ts";

/** What the record answered: nothing is drawn as done before it says so. */
export type Answer = Refusal | undefined;

export interface Pending {
  readonly isRunning: boolean;
  /** Of the last try; gone with the next. */
  readonly refused: Code | undefined;
  readonly run: () => void;
}

/** An act that was asked for, until it is answered. A refusal is said aloud, and stands beside its button. */
export function usePending(act: () => Promise<Answer>): Pending {
  const { i18n } = useTranslation();
  const [isRunning, setRunning] = useState(false);
  const [refused, setRefused] = useState<Code>();
  const busy = useRef(false);
  const current = useRef(act);
  current.current = act;
  const run = useCallback(() => {
    if (busy.current) return;
    busy.current = true;
    setRunning(true);
    setRefused(undefined);
    const ended = (answer: Answer) => {
      busy.current = false;
      setRunning(false);
      if (!isRefusal(answer)) return;
      setRefused(answer.refused);
      announce(refusalSentence(i18n, answer.refused));
    };
    current.current().then(ended, () => ended({ refused: "server.unreachable" }));
  }, [i18n]);
  return { isRunning, refused, run };
}
