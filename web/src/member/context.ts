import { createContext, useContext } from "react";
import type { Member } from "./member.ts";

/** The member of this page; screens get it from here and nothing else. */
export const MemberContext = createContext<Member | undefined>(undefined);

export function useMember(): Member {
  const member = useContext(MemberContext);
  if (member === undefined) throw new Error("a screen outside of MemberContext");
  return member;
}
