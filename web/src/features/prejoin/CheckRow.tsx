import { Check as CheckIcon, Circle, LoaderCircle, OctagonAlert, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import styles from "./CheckRow.module.css";
import type { Check, CheckState } from "./checks.ts";

interface Props {
  readonly title: string;
  readonly check: Check;
  /** Stands for "to do", where a better one than a circle exists. */
  readonly icon?: ReactNode;
  readonly action?: ReactNode;
  readonly children?: ReactNode;
  readonly control: string;
}

/** One thing that is checked: its state in shape and word, what is so, and who can repair it. */
export function CheckRow({ title, check, icon, action, children, control }: Props) {
  const { t } = useTranslation();
  return (
    <section className={styles["row"]} data-control={control} data-state={check.state}>
      <span className={styles["badge"]} data-state={check.state}>
        {check.state === "todo" && icon ? icon : <StateIcon state={check.state} />}
      </span>
      <div className={styles["body"]}>
        <h2 className={styles["title"]}>
          {title}
          <span className="unseen">{`: ${t(`check/state/${check.state}`)}`}</span>
        </h2>
        <p className={styles["says"]}>
          {t(check.says, check.values ?? {})} {check.repairedBy && t(`check/repair/${check.repairedBy}`)}
        </p>
        {children}
      </div>
      {action && <div className={styles["action"]}>{action}</div>}
    </section>
  );
}

function StateIcon({ state }: { readonly state: CheckState }) {
  const size = 22;
  switch (state) {
    case "todo":
      return <Circle aria-hidden="true" size={size} />;
    case "running":
      return <LoaderCircle aria-hidden="true" size={size} />;
    case "ok":
      return <CheckIcon aria-hidden="true" size={size} />;
    case "limit":
      return <TriangleAlert aria-hidden="true" size={size} />;
    case "failed":
      return <OctagonAlert aria-hidden="true" size={size} />;
  }
}
