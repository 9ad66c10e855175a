import { type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import type { Code } from "../refusal.ts";
import { Button, type Weight } from "./Button.tsx";
import styles from "./OfferButton.module.css";
import { refusalSentence } from "./refusalWords.ts";
import { type Answer, usePending } from "./usePending.ts";

/** Where a button's words stand when there are some. */
type Side = "below" | "before";

interface Props {
  readonly children: ReactNode;
  /** Why it may not be done now: the button is greyed, and says so. */
  readonly refusal?: Code | undefined;
  readonly onPress: () => Promise<Answer>;
  readonly weight?: Weight;
  readonly control?: string;
  readonly label?: string;
  readonly side?: Side;
}

/** A button for an act: greyed by the same rule that the server goes by, with its reason; refused, it says why. */
export function OfferButton({ children, refusal, onPress, weight = "usual", control, label, side = "below" }: Props) {
  const { isRunning, refused, run } = usePending(onPress);
  return (
    <Reason code={refusal ?? refused} side={side}>
      {(describedBy) => (
        <Button
          weight={weight}
          isDisabled={refusal !== undefined || isRunning}
          onPress={run}
          data-pending={isRunning || undefined}
          {...(control !== undefined && { control })}
          {...(label !== undefined && { "aria-label": label })}
          {...describedBy}
        >
          {children}
        </Button>
      )}
    </Reason>
  );
}

interface ReasonProps {
  readonly code: Code | undefined;
  readonly side?: Side;
  readonly children: (describedBy: { readonly "aria-describedby"?: string }) => ReactNode;
}

/** A refusal beside what it is about: in words, and by its stable code for tests and the telephone. */
export function Reason({ code, side = "below", children }: ReasonProps) {
  const { i18n } = useTranslation();
  const reason = useId();
  return (
    <span className={styles["offer"]} data-side={side}>
      {children(code === undefined ? {} : { "aria-describedby": reason })}
      {code !== undefined && (
        <span className={styles["reason"]} id={reason} data-code={code}>
          {refusalSentence(i18n, code)}
        </span>
      )}
    </span>
  );
}
