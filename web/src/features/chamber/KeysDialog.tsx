import { Switch } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { Button } from "../../ui/Button.tsx";
import { Overlay } from "../../ui/Overlay.tsx";
import styles from "./KeysDialog.module.css";
import type { SittingAction } from "./keys.ts";
import { useSingleKeys } from "./useKeys.ts";

const SITTING_KEYS: Readonly<Record<SittingAction, string>> = {
  floor: "F",
  give: "G",
  takeBack: "T",
  item: "N",
  admit: "A",
};

const KEYS = [
  { key: "M", does: "keys/microphone" },
  { key: "V", does: "keys/talk", isHeld: true },
  { key: "K", does: "keys/camera" },
  { key: "1", does: "keys/speaker" },
  { key: "2", does: "keys/chamber" },
  { key: "?", does: "keys/help" },
  { key: "Esc", does: "keys/escape" },
] as const;

interface Props {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** What the sitting has for this seat. */
  readonly actions: readonly SittingAction[];
}

/** All keys, and the setting that turns them off. */
export function KeysDialog({ isOpen, onClose, actions }: Props) {
  const { t } = useTranslation();
  const [isInUse, setInUse] = useSingleKeys();
  return (
    <Overlay title={t("keys/title")} isOpen={isOpen} onClose={onClose}>
      <p className={styles["intro"]}>{t("keys/intro")}</p>
      <dl>
        {KEYS.map(({ key, does, ...more }) => (
          <div key={key} className={styles["row"]}>
            <dt>
              <kbd>{key}</kbd> {"isHeld" in more && <span>{t("keys/hold")}</span>}
            </dt>
            <dd>{t(does)}</dd>
          </div>
        ))}
        {actions.map((action) => (
          <div key={action} className={styles["row"]}>
            <dt>
              <kbd>{SITTING_KEYS[action]}</kbd>
            </dt>
            <dd>{t(`keys/${action}`)}</dd>
          </div>
        ))}
      </dl>
      <Switch className={styles["switch"] ?? ""} isSelected={isInUse} onChange={setInUse}>
        <span className={styles["track"]} aria-hidden="true" />
        {t("keys/use")}
      </Switch>
      <Button onPress={onClose}>{t("button/close")}</Button>
    </Overlay>
  );
}
