import { useTranslation } from "react-i18next";
import { useMember } from "../../member/context.ts";
import { Button } from "../../ui/Button.tsx";
import styles from "./CheckPage.module.css";
import { browserOf } from "./checks.ts";

/** The browser's own three steps to allow what it denied, and the button that the third one names. */
export function Steps() {
  const { t } = useTranslation();
  const { retryDevices } = useMember();
  const steps = `steps/${browserOf(navigator.userAgent)}`;
  return (
    <div className={styles["steps"]}>
      <p>
        <strong>{t("steps/title")}</strong>
      </p>
      <ol>
        <li>{t(`${steps}/one`)}</li>
        <li>{t(`${steps}/two`)}</li>
        <li>{t(`${steps}/three`)}</li>
      </ol>
      <Button onPress={() => void retryDevices()} control="retry">
        {t("button/again")}
      </Button>
    </div>
  );
}
