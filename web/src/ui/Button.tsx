import type { ReactNode } from "react";
import { Button as AriaButton, type ButtonProps } from "react-aria-components";
import styles from "./Button.module.css";

/** `primary`: the one action of a screen. `quiet`: without an outline. `stop`: the first of the stop page. */
export type Weight = "primary" | "usual" | "accent" | "quiet" | "danger" | "stop";

interface Props extends Omit<ButtonProps, "className" | "children" | "style"> {
  readonly weight?: Weight;
  readonly control?: string;
  readonly children: ReactNode;
}

/** A button says what it does. `control` names it for tests, whatever the language. */
export function Button({ weight = "usual", control, children, ...rest }: Props) {
  return (
    <AriaButton {...rest} className={`${styles["button"]} ${styles[weight]}`} data-control={control}>
      {children}
    </AriaButton>
  );
}
