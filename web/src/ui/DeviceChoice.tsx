import { useTranslation } from "react-i18next";
import { useMember } from "../member/context.ts";
import type { Choice } from "../member/plane.ts";
import styles from "./DeviceChoice.module.css";
import { Select } from "./Select.tsx";
import { useStore } from "./useStore.ts";

/** Which camera, which microphone, which loudspeaker. */
export function DeviceChoice() {
  const { t } = useTranslation();
  const member = useMember();
  const { camera, microphone, loudspeaker } = useStore(member.devices);
  const named = (choices: readonly Choice[]) =>
    choices.map(({ id, label }, index) => ({ id, word: label || t("device/unnamed", { number: index + 1 }) }));
  return (
    <div className={styles["devices"]}>
      <div className={styles["wide"]}>
        <Select
          label={t("check/camera/choose")}
          options={named(camera.choices)}
          value={camera.id}
          onChange={(id) => void member.chooseCamera(id)}
          control="choose-camera"
        />
      </div>
      <Select
        label={t("check/microphone/choose")}
        options={named(microphone.choices)}
        value={microphone.id}
        onChange={(id) => void member.chooseMicrophone(id)}
        control="choose-microphone"
      />
      <Select
        label={t("check/loudspeaker/choose")}
        options={named(loudspeaker.choices)}
        value={loudspeaker.id || (loudspeaker.choices[0]?.id ?? "")}
        onChange={(id) => void member.chooseLoudspeaker(id)}
        isDisabled={!loudspeaker.selectable}
        control="choose-loudspeaker"
      />
    </div>
  );
}
