import { useEffect, useState } from "react";
import { useMember } from "../../member/context.ts";
import { type Hearing, hear, startHearing } from "./hearing.ts";

const PERIOD_MS = 200;

/** What is to be said of our own microphone's level. */
export function useHearing(isOpen: boolean): Hearing["says"] {
  const member = useMember();
  const [says, setSays] = useState<Hearing["says"]>("nothing");
  useEffect(() => {
    let hearing = startHearing(isOpen, Date.now());
    setSays(hearing.says);
    const timer = setInterval(() => {
      hearing = hear(hearing, isOpen, member.level(), Date.now());
      setSays(hearing.says);
    }, PERIOD_MS);
    return () => clearInterval(timer);
  }, [member, isOpen]);
  return says;
}
