import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { hourMinute } from "../../i18n/time.ts";
import { useMember } from "../../member/context.ts";
import { useClock } from "../../ui/useClock.ts";
import { useStore } from "../../ui/useStore.ts";
import styles from "./Controls.module.css";

/** After so long, waiting is not enough: who to telephone. */
const LONG_MS = 30_000;

/** Our connection, where it is not simply there. The live region says it; this is to be read. */
export function LineState({ children }: { readonly children?: ReactNode }) {
  const { t } = useTranslation();
  const { line } = useStore(useMember().room);
  const now_ms = useClock();
  if (line.state === "open" || line.state === "ended") return <span className={styles["line"]}>{children}</span>;
  return (
    <p className={styles["line"]} data-control={`line-${line.state}`}>
      {line.state === "joining" ? (
        t("room/joining")
      ) : (
        <strong>{t("room/lost", { time: t("clock/at", hourMinute(line.since_ms)) })}</strong>
      )}
      {now_ms - line.since_ms > LONG_MS && ` ${t("room/lostLong")}`}
    </p>
  );
}
