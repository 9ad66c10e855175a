import type { ReactNode } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { Button } from "./Button.tsx";
import styles from "./Confirm.module.css";

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
    <ModalOverlay
      className={styles["ground"] ?? ""}
      isOpen
      isDismissable
      onOpenChange={(isOpen) => !isOpen && onClose()}
    >
      <Modal className={styles["modal"] ?? ""}>
        <Dialog className={styles["dialog"] ?? ""} role="alertdialog" data-control={control}>
          <Heading slot="title" className={styles["title"] ?? ""}>
            {title}
          </Heading>
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
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
