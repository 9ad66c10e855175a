import { ArrowRight, Phone, Play, ShieldAlert, Volume2 } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Seat } from "../../accreditation/seat.ts";
import { useMember } from "../../member/context.ts";
import { segmentsLit } from "../../member/plane.ts";
import { Banner } from "../../ui/Banner.tsx";
import { Button } from "../../ui/Button.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { DeviceChoice } from "../../ui/DeviceChoice.tsx";
import { LanguageChoice } from "../../ui/LanguageChoice.tsx";
import { LevelBar } from "../../ui/LevelBar.tsx";
import { OfferButton } from "../../ui/OfferButton.tsx";
import { Preview } from "../../ui/Preview.tsx";
import { technicianReport } from "../../ui/report.ts";
import sheet from "../../ui/Sheet.module.css";
import type { Answer } from "../../ui/usePending.ts";
import { useStore } from "../../ui/useStore.ts";
import styles from "./CheckPage.module.css";
import { CheckRow } from "./CheckRow.tsx";
import { checkCamera, checkLoudspeaker, checkMicrophone, checkNetwork, type Tone } from "./checks.ts";
import { Steps } from "./Steps.tsx";
import { useHearing } from "./useHearing.ts";

interface Props {
  readonly title: string;
  /** As others will see the plate. */
  readonly seat: Seat;
  readonly role: string | undefined;
  /** Which sitting, or what proves the seat. */
  readonly details: ReactNode;
  readonly notice: string;
  readonly telephone: string | null;
  readonly enter: { readonly word: string; readonly act: () => Promise<Answer> } | undefined;
  /** What stands before entering: a link that is used up by it, a page that the server could have changed. */
  readonly caution?: ReactNode;
}

/** The check: one page, what others will get, what does not work and who can repair it. */
export function CheckPage({ title, seat, role, details, notice, telephone, enter, caution }: Props) {
  const { t } = useTranslation();
  const member = useMember();
  const { camera, microphone, loudspeaker } = useStore(member.devices);
  const { network } = useStore(member.store);
  const { level_dbfs, hearing } = useHearing(microphone.id);
  const [tone, setTone] = useTone(loudspeaker.id);
  const checks = {
    camera: checkCamera(camera),
    microphone: checkMicrophone(microphone, hearing),
    loudspeaker: checkLoudspeaker(tone),
    network: checkNetwork(network),
  };
  const isDenied = camera.state === "denied" || microphone.state === "denied";
  const isMissing = camera.state !== "ready" || microphone.state !== "ready";
  const say = (check: { says: string; values?: Readonly<Record<string, string | number>> }) =>
    t(check.says, check.values ?? {});
  const report = () =>
    technicianReport(t("report/title"), Date.now(), {
      camera: `${checks.camera.state}, ${say(checks.camera)}`,
      "camera device": camera.choices.find(({ id }) => id === camera.id)?.label,
      microphone: `${checks.microphone.state}, ${say(checks.microphone)}`,
      "microphone device": microphone.choices.find(({ id }) => id === microphone.id)?.label,
      loudspeaker: `${checks.loudspeaker.state}, ${say(checks.loudspeaker)}`,
      network: `${checks.network.state}, ${say(checks.network)}`,
    });
  return (
    <div className={sheet["page"]}>
      <Banner title={title} detail={t("check/subtitle")}>
        <LanguageChoice />
      </Banner>
      <main className={styles["columns"]}>
        <div className={styles["column"]}>
          <h1 className={styles["title"]}>{t("check/title")}</h1>
          <Preview seat={seat} />
          <DeviceChoice />
          <p className={styles["notice"]}>
            <ShieldAlert aria-hidden="true" size={20} />
            {notice}
          </p>
          {telephone !== null && (
            <p className={styles["phone"]}>
              <Phone aria-hidden="true" size={20} />
              {t("lobby/telephone", { number: telephone })}
            </p>
          )}
        </div>
        <div className={styles["column"]}>
          <div className={styles["card"]}>
            <div className={styles["seat"]}>
              <p className={styles["label"]}>{t("seat/yours")}</p>
              <h2 className={styles["seatName"]}>
                {role === undefined
                  ? seat.delegation
                  : t("seat/withRole", { who: seat.delegation, role: role.toLocaleLowerCase() })}
              </h2>
              <div className={styles["details"]}>{details}</div>
            </div>
            <CheckRow title={t("check/camera/title")} check={checks.camera} control="check-camera">
              {camera.state === "denied" && <Steps />}
            </CheckRow>
            <CheckRow title={t("check/microphone/title")} check={checks.microphone} control="check-microphone">
              {microphone.state === "denied" && camera.state !== "denied" && <Steps />}
              {microphone.state === "ready" && (
                <div className={styles["level"]}>
                  <LevelBar label={t("check/microphone/level")} lit={(count) => segmentsLit(level_dbfs, count)} />
                </div>
              )}
            </CheckRow>
            <CheckRow
              title={t("check/loudspeaker/title")}
              check={checks.loudspeaker}
              icon={<Volume2 aria-hidden="true" size={22} />}
              control="check-loudspeaker"
              action={
                tone === "asked" ? (
                  <>
                    <Button weight="accent" onPress={() => setTone("heard")}>
                      {t("check/loudspeaker/heard")}
                    </Button>
                    <Button onPress={() => setTone("unheard")}>{t("check/loudspeaker/unheard")}</Button>
                  </>
                ) : (
                  <Button weight="accent" isDisabled={tone === "playing"} onPress={() => setTone("playing")}>
                    <Play aria-hidden="true" size={18} />
                    {t("check/loudspeaker/play")}
                  </Button>
                )
              }
            />
            <CheckRow
              title={t("check/network/title")}
              check={checks.network}
              control="check-network"
              action={<CopyButton report={report} />}
            >
              {checks.network.state === "failed" && (
                <div className={styles["level"]}>
                  <Button onPress={() => void member.checkNetwork()}>{t("button/again")}</Button>
                </div>
              )}
            </CheckRow>
          </div>
          {caution}
          <div className={styles["enter"]}>
            {enter && (
              <OfferButton weight="primary" onPress={enter.act} control="enter">
                {enter.word}
                <ArrowRight aria-hidden="true" size={20} />
              </OfferButton>
            )}
            {isMissing && !isDenied && camera.state !== "asking" && microphone.state !== "asking" && (
              <p className={styles["hint"]}>{t("check/enterSound")}</p>
            )}
          </div>
        </div>
      </main>
    </div>
  );
}

/** The tone of the loudspeaker: played when the state says so, asked about when it has ended. */
function useTone(loudspeaker: string): [Tone, (tone: Tone) => void] {
  const member = useMember();
  const [tone, setTone] = useState<Tone>("silent");
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was heard is of another loudspeaker
  useEffect(() => setTone("silent"), [loudspeaker]);
  useEffect(() => {
    if (tone !== "playing") return;
    let isCurrent = true;
    member.playTone().then(
      () => isCurrent && setTone("asked"),
      () => isCurrent && setTone("unheard"),
    );
    return () => {
      isCurrent = false;
    };
  }, [member, tone]);
  return [tone, setTone];
}
