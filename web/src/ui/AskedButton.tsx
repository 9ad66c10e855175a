import { type ReactNode, useState } from "react";
import type { Code } from "../refusal.ts";
import { Button, type Weight } from "./Button.tsx";
import { Confirm } from "./Confirm.tsx";
import { Reason } from "./OfferButton.tsx";
import { type Answer, usePending } from "./usePending.ts";

interface Props {
  readonly children: ReactNode;
  readonly weight?: Weight;
  readonly refusal: Code | undefined;
  readonly act: () => Promise<Answer>;
  readonly label?: string;
  readonly control: string;
  /** The question, what it brings about, and the word of the button that answers it. */
  readonly title: string;
  readonly text: string;
  readonly word: string;
}

/** A button for what cannot be undone: it asks once, and no key does it. */
export function AskedButton({ children, weight = "usual", refusal, act, label, control, title, text, word }: Props) {
  const [isAsked, setAsked] = useState(false);
  const { isRunning, refused, run } = usePending(act);
  return (
    <Reason code={refusal ?? refused}>
      {(describedBy) => (
        <>
          <Button
            weight={weight}
            isDisabled={refusal !== undefined || isRunning}
            onPress={() => setAsked(true)}
            control={control}
            {...(label !== undefined && { "aria-label": label })}
            {...describedBy}
          >
            {children}
          </Button>
          {isAsked && (
            <Confirm
              title={title}
              word={word}
              onConfirm={run}
              onClose={() => setAsked(false)}
              control={`confirm-${control}`}
            >
              <p>{text}</p>
            </Confirm>
          )}
        </>
      )}
    </Reason>
  );
}
