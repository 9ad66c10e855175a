import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./Button.tsx";
import styles from "./Confirm.module.css";
import { Overlay } from "./Overlay.tsx";

interface Props {
  readonly title: string;
  readonly children?: ReactNode;
  /** What the button does, in words. */
  readonly word: string;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
  readonly control: string;
}

/** A question before something that others will see: the button answers the question that the title asks. */
export function Confirm({ title, children, word, onConfirm, onClose, control }: Props) {
  const { t } = useTranslation();
  return (
    <Overlay title={title} isOpen onClose={onClose} role="alertdialog" control={control}>
      {children}
      <div className={styles["actions"]}>
        <Button
          weight="accent"
          autoFocus
          control={`${control}-yes`}
          onPress={() => {
            onClose();
            onConfirm();
          }}
        >
          {word}
        </Button>
        <Button onPress={onClose}>{t("button/cancel")}</Button>
      </div>
    </Overlay>
  );
}
