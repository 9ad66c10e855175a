import { Disc, LockKeyhole } from "lucide-react";
import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";
import styles from "./LockPill.module.css";
import type { LockView } from "./lockView.ts";

interface Props {
  readonly view: LockView;
  readonly isOpen: boolean;
  readonly onPress: () => void;
}

/** Who can see and hear this, as a fact that a page behind it proves. Nothing here says "secure". */
export function LockPill({ view, isOpen, onPress }: Props) {
  const { t } = useTranslation();
  const [recorder] = view.recorders;
  const word = recorder
    ? t("lock/recordedBy", { who: recorder.name })
    : view.guests.length > 0
      ? t("lock/privateWith", { who: view.guests.map((role) => t(`role/${role}`).toLocaleLowerCase()).join(", ") })
      : t("lock/private");
  return (
    <Button
      className={styles["pill"] ?? ""}
      onPress={onPress}
      aria-pressed={isOpen}
      data-control="lock"
      data-devices={view.devices}
    >
      {recorder ? <Disc aria-hidden="true" size={22} /> : <LockKeyhole aria-hidden="true" size={22} />}
      <span className={styles["words"]}>
        <span className={styles["word"]}>{word}</span>
        <span className={styles["detail"]}>{t("lock/pill", { count: view.devices })}</span>
      </span>
    </Button>
  );
}
