import { useTranslation } from "react-i18next";
import { Button } from "./Button.tsx";
import { DeviceChoice } from "./DeviceChoice.tsx";
import { Overlay } from "./Overlay.tsx";

/** Camera, microphone and loudspeaker, without leaving the place where one waits. */
export function DevicesDialog({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Overlay title={t("lobby/devices")} isOpen={isOpen} onClose={onClose}>
      <DeviceChoice />
      <Button onPress={onClose}>{t("button/close")}</Button>
    </Overlay>
  );
}
