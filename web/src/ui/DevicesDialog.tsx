import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { Button } from "./Button.tsx";
import styles from "./Confirm.module.css";
import { DeviceChoice } from "./DeviceChoice.tsx";

/** Camera, microphone and loudspeaker, without leaving the place where one waits. */
export function DevicesDialog({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <ModalOverlay
      className={styles["ground"] ?? ""}
      isOpen={isOpen}
      isDismissable
      onOpenChange={(open) => !open && onClose()}
    >
      <Modal className={styles["modal"] ?? ""}>
        <Dialog className={styles["dialog"] ?? ""}>
          <Heading slot="title" className={styles["title"] ?? ""}>
            {t("lobby/devices")}
          </Heading>
          <DeviceChoice />
          <Button onPress={onClose}>{t("button/close")}</Button>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
