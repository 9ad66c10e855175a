import styles from "./Flag.module.css";
import { flagUrl } from "./flags.ts";

/** A delegation's flag, 4 × 3, all of one size; who has none gets a neutral plate. The name stands beside it, so it is silent. */
export function Flag({
  code,
  size = "small",
}: {
  readonly code: string | undefined;
  readonly size?: "small" | "middle" | "large";
}) {
  const url = code === undefined ? undefined : flagUrl(code);
  const className = `${styles["flag"]} ${styles[size]}`;
  if (url === undefined) return <span className={`${className} ${styles["neutral"]}`} aria-hidden="true" />;
  return <img className={className} src={url} alt="" width={4} height={3} draggable={false} />;
}
