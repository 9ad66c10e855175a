import type { ReactNode } from "react";
import styles from "./Fact.module.css";

interface Props {
  readonly icon: ReactNode;
  readonly title: string;
  readonly caution?: boolean;
  readonly control?: string;
  readonly children: ReactNode;
}

/** Something that is so, and what proves it or what follows. */
export function Fact({ icon, title, caution = false, control, children }: Props) {
  return (
    <section className={styles["fact"]} data-caution={caution || undefined} data-control={control}>
      {icon}
      <div>
        <h3>{title}</h3>
        <p>{children}</p>
      </div>
    </section>
  );
}
