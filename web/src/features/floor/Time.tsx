import { useClock } from "../../ui/useClock.ts";
import styles from "./FloorPlate.module.css";
import { type HolderView, spoken } from "./floorView.ts";

/** How long the holder has spoken: steps once a second; readable, and silent. */
export function Time({ holder }: { readonly holder: HolderView }) {
  const now_ms = useClock();
  return (
    <p className={styles["time"]} role="timer" aria-live="off">
      {spoken(holder.since, now_ms)}
    </p>
  );
}
