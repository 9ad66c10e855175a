import { type ReactNode, useId } from "react";
import styles from "./RailSection.module.css";

interface Props {
  readonly title: string;
  /** How many are in it, in words. */
  readonly count: ReactNode;
  /** Where a link of the page leads. */
  readonly id?: string;
  readonly control?: string;
  readonly children: ReactNode;
}

/** A list beside the stage: its name, how many are in it, and its rows. */
export function RailSection({ title, count, id, control, children }: Props) {
  const heading = useId();
  return (
    <section
      className={styles["section"]}
      aria-labelledby={heading}
      data-control={control}
      {...(id !== undefined && { id, tabIndex: -1 })}
    >
      <div className={styles["head"]}>
        <h2 id={heading}>{title}</h2>
        {count}
      </div>
      {children}
    </section>
  );
}
