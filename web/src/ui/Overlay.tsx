import type { ComponentProps, ReactNode } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import styles from "./Overlay.module.css";
import surface from "./Surface.module.css";

interface Props {
  readonly title: string;
  readonly children?: ReactNode;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** `alertdialog` where it asks before something that others will see. */
  readonly role?: ComponentProps<typeof Dialog>["role"];
  readonly control?: string;
}

/** A dialog over the page: focus goes into it and back, Escape and a press beside it close it. */
export function Overlay({ title, children, isOpen, onClose, role = "dialog", control }: Props) {
  return (
    <ModalOverlay
      className={styles["ground"] ?? ""}
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose()}
      isDismissable
    >
      <Modal className={`${surface["surface"]} ${styles["modal"]}`}>
        <Dialog className={surface["body"] ?? ""} role={role} data-control={control}>
          <Heading slot="title" className={surface["title"] ?? ""}>
            {title}
          </Heading>
          {children}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
