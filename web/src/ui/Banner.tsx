import type { ReactNode } from "react";
import styles from "./Banner.module.css";
import { Clock } from "./Clock.tsx";
import { Mark } from "./Mark.tsx";

interface Props {
  readonly title: string;
  readonly detail: string;
  readonly children?: ReactNode;
}

/** The head of every page: which meeting, what of it, and the time. */
export function Banner({ title, detail, children }: Props) {
  return (
    <header className={styles["banner"]}>
      <Mark />
      <div className={styles["titles"]}>
        <p className={styles["title"]}>{title}</p>
        <p className={styles["detail"]}>{detail}</p>
      </div>
      <div className={styles["more"]}>{children}</div>
      <Clock />
    </header>
  );
}
