import { Ellipsis, Keyboard } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { Button as AriaButton, Dialog, DialogTrigger, Heading, Popover } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { useMember } from "../../member/context.ts";
import type { Path } from "../../member/plane.ts";
import { Button } from "../../ui/Button.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { DeviceChoice } from "../../ui/DeviceChoice.tsx";
import { LanguageChoice } from "../../ui/LanguageChoice.tsx";
import { technicianReport } from "../../ui/report.ts";
import surface from "../../ui/Surface.module.css";
import { useStore } from "../../ui/useStore.ts";
import controls from "./Controls.module.css";
import styles from "./MorePanel.module.css";

interface Props {
  readonly onKeys: () => void;
  /** The other sittings that are open to this seat. */
  readonly elsewhere: ReactNode;
}

/** Devices, how media goes, other sittings, language and keys: what is needed seldom. */
export function MorePanel({ onKeys, elsewhere }: Props) {
  const { t } = useTranslation();
  return (
    <DialogTrigger>
      <AriaButton
        className={`${controls["control"]} ${controls["more"]}`}
        aria-label={t("room/more")}
        data-control="more"
      >
        <Ellipsis aria-hidden="true" size={24} />
        <span className={controls["short"]} aria-hidden="true">
          {t("room/more")}
        </span>
      </AriaButton>
      <Popover className={`${surface["surface"]} ${styles["panel"]}`} placement="top">
        <Dialog className={surface["body"] ?? ""}>
          {({ close }) => (
            <>
              <Heading slot="title" className={surface["title"] ?? ""}>
                {t("room/moreTitle")}
              </Heading>
              <DeviceChoice />
              <Connection />
              {elsewhere}
              <div className={styles["row"]}>
                <LanguageChoice />
                <Button
                  onPress={() => {
                    close();
                    onKeys();
                  }}
                  control="keys"
                >
                  <Keyboard aria-hidden="true" size={20} />
                  {t("room/keys")}
                </Button>
                <Button weight="quiet" onPress={close}>
                  {t("button/close")}
                </Button>
              </div>
            </>
          )}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

const PERIOD_MS = 2000;

/** How media goes, by the browser's own statistics: known only inside. */
function Connection() {
  const { t } = useTranslation();
  const member = useMember();
  const { line, others } = useStore(member.room);
  const { camera, microphone } = useStore(member.devices);
  const [path, setPath] = useState<Path>();
  useEffect(() => {
    const look = () => void member.path().then(setPath);
    look();
    const timer = setInterval(look, PERIOD_MS);
    return () => clearInterval(timer);
  }, [member]);
  const words =
    path === undefined
      ? t("room/path/unknown")
      : t(path.protocol === "tcp" ? "room/path/tcp" : "room/path/udp", { time: path.roundTrip_ms });
  const report = () =>
    technicianReport(t("report/title"), Date.now(), {
      line: line.state,
      media: path && `${path.protocol}, ${path.roundTrip_ms} ms`,
      participants: others.length + 1,
      camera: camera.state,
      microphone: microphone.state,
    });
  return (
    <div className={styles["connection"]}>
      <p>
        <strong>{t("room/path/title")}</strong>
        <br />
        {words}
      </p>
      <CopyButton report={report} />
    </div>
  );
}
