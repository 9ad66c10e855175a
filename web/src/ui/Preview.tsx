import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Seat } from "../accreditation/seat.ts";
import { useMember } from "../member/context.ts";
import { Flag } from "./Flag.tsx";
import styles from "./Preview.module.css";
import { useStore } from "./useStore.ts";

/** The camera as others will see it: not mirrored, in the chamber’s light, with the plate that stands under it. */
export function Preview({ seat }: { readonly seat: Seat }) {
  const { t } = useTranslation();
  const member = useMember();
  const { camera } = useStore(member.devices);
  const video = useRef<HTMLVideoElement>(null);
  const isReady = camera.state === "ready";
  // biome-ignore lint/correctness/useExhaustiveDependencies: another camera is another picture
  useEffect(
    () => (isReady && video.current !== null ? member.showOwnPicture(video.current) : undefined),
    [member, isReady, camera.id],
  );
  return (
    <figure className={styles["preview"]} data-light="chamber">
      <video ref={video} className={styles["picture"]} muted playsInline data-control="preview" hidden={!isReady} />
      {!isReady && (
        <p className={styles["none"]}>{t(camera.state === "off" ? "check/noPictureOff" : "check/noPicture")}</p>
      )}
      <figcaption className={styles["plate"]}>
        <Flag code={seat.flag} />
        <strong className={styles["delegation"]}>{seat.delegation}</strong>
        <span className={styles["person"]}>{seat.person ?? (seat.role && t(`role/${seat.role}`))}</span>
      </figcaption>
    </figure>
  );
}
