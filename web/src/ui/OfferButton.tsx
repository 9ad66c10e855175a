import { type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import type { Code } from "../refusal.ts";
import { Button, type Weight } from "./Button.tsx";
import styles from "./OfferButton.module.css";
import { refusalSentence } from "./refusalWords.ts";
import { type Answer, usePending } from "./usePending.ts";

interface Props {
  readonly children: ReactNode;
  /** Why it may not be done now: the button is greyed, and says so. */
  readonly refusal?: Code | undefined;
  readonly onPress: () => Promise<Answer>;
  readonly weight?: Weight;
  readonly control?: string;
  readonly label?: string;
  /** Where its words stand when there are some. */
  readonly side?: "below" | "before";
}

/** A button for an act: greyed by the same rule that the server goes by, with its reason; refused, it says why. */
export function OfferButton({ children, refusal, onPress, weight = "usual", control, label, side = "below" }: Props) {
  const { i18n } = useTranslation();
  const reason = useId();
  const { isRunning, refused, run } = usePending(onPress);
  const code = refusal ?? refused;
  return (
    <span className={styles["offer"]} data-side={side}>
      <Button
        weight={weight}
        isDisabled={refusal !== undefined || isRunning}
        onPress={run}
        {...(control !== undefined && { control })}
        {...(label !== undefined && { "aria-label": label })}
        {...(code !== undefined && { "aria-describedby": reason })}
      >
        {children}
      </Button>
      {code !== undefined && (
        <span className={styles["reason"]} id={reason} data-code={code}>
          {refusalSentence(i18n, code)}
        </span>
      )}
    </span>
  );
}
