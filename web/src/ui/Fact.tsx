import type { ReactNode } from "react";
import styles from "./Fact.module.css";

interface Props {
  readonly icon: ReactNode;
  readonly title: string;
  readonly caution?: boolean;
  readonly control?: string;
  /** 3 where it belongs to a heading above it. */
  readonly level?: 2 | 3;
  readonly children: ReactNode;
}

/** Something that is so, and what proves it or what follows. */
export function Fact({ icon, title, caution = false, control, level = 2, children }: Props) {
  const Heading = `h${level}` as const;
  return (
    <section className={styles["fact"]} data-caution={caution || undefined} data-control={control}>
      {icon}
      <div>
        <Heading>{title}</Heading>
        <p>{children}</p>
      </div>
    </section>
  );
}
