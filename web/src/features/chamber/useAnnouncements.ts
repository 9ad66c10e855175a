import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { hourMinute } from "../../i18n/time.ts";
import type { Line } from "../../member/plane.ts";
import { announce } from "../../ui/announce.ts";

/** A break that short is not worth a word. */
const QUIET_MS = 2000;

/** Says when the connection is lost and when it is back. */
export function useAnnouncements(line: Line): void {
  const { t } = useTranslation();
  const isSaid = useRef(false);
  const wasInside = useRef(false);
  const since_ms = line.state === "lost" ? line.since_ms : undefined;
  useEffect(() => {
    if (since_ms !== undefined) {
      const timer = setTimeout(() => {
        isSaid.current = true;
        announce(t("room/lost", { time: t("clock/at", hourMinute(since_ms)) }));
      }, QUIET_MS);
      return () => clearTimeout(timer);
    }
    if (line.state === "open") {
      if (!wasInside.current) announce(t("room/inside"));
      else if (isSaid.current) announce(t("room/back"));
      wasInside.current = true;
      isSaid.current = false;
    }
    return undefined;
  }, [since_ms, line.state, t]);
}
