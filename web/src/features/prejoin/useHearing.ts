import { useEffect, useRef, useState } from "react";
import { useMember } from "../../member/context.ts";
import { SPEECH_DBFS } from "../../member/plane.ts";
import type { Hearing } from "./checks.ts";

const PERIOD_MS = 80;
/** How far the shown level falls in one period at most: a meter that drops at once cannot be read. */
const FALL_DB = 2;
/** After so long without a word we say that we hear nothing. */
const QUIET_AFTER_MS = 10_000;

/** The microphone's level now, and whether it has ever been that of speech. */
export function useHearing(microphone: string): { readonly level_dbfs: number; readonly hearing: Hearing } {
  const member = useMember();
  const [level_dbfs, setLevel] = useState(Number.NEGATIVE_INFINITY);
  const [hearing, setHearing] = useState<Hearing>("waiting");
  const listened_ms = useRef(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another microphone begins anew
  useEffect(() => {
    listened_ms.current = 0;
    setHearing("waiting");
    const timer = setInterval(() => {
      const level = member.level();
      setLevel((before) => Math.max(level ?? Number.NEGATIVE_INFINITY, before - FALL_DB));
      if (level !== undefined) listened_ms.current += PERIOD_MS;
      setHearing((before) => {
        if (before === "heard") return before;
        if (level === undefined) return "deaf";
        if (level > SPEECH_DBFS) return "heard";
        return listened_ms.current > QUIET_AFTER_MS ? "quiet" : "waiting";
      });
    }, PERIOD_MS);
    return () => clearInterval(timer);
  }, [member, microphone]);
  return { level_dbfs, hearing };
}
