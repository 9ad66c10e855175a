import { Meter } from "react-aria-components";
import styles from "./LevelBar.module.css";

const SEGMENTS = 28;
const indices = Array.from({ length: SEGMENTS }, (_, index) => index);

/** A level in segments; readable, and silent for screen readers until they ask. */
export function LevelBar({ label, lit }: { readonly label: string; readonly lit: (segments: number) => number }) {
  const count = lit(SEGMENTS);
  return (
    <Meter aria-label={label} value={count} minValue={0} maxValue={SEGMENTS} className={styles["bar"] ?? ""}>
      {indices.map((index) => (
        <span key={index} className={styles["segment"]} data-lit={index < count || undefined} />
      ))}
    </Meter>
  );
}
