import { useEffect, useRef } from "react";
import { useMember } from "../../member/context.ts";
import type { Occupant } from "./occupants.ts";
import styles from "./Tile.module.css";

/**
 * A participant's picture. When it stops because the connection is lost, its last frame stays (greyed by the tile), so that a
 * break of ours does not empty the chamber.
 */
export function Picture({ occupant, isStale }: { readonly occupant: Occupant; readonly isStale: boolean }) {
  const member = useMember();
  const video = useRef<HTMLVideoElement>(null);
  const last = useRef<HTMLCanvasElement>(null);
  const { isSelf, picture, pictureKey } = occupant;
  const { identity } = occupant.seat;
  // A paused picture stays attached and in sight: who hides it tells the server that nobody wants it, and it stays paused.
  const isOn = picture === "on" || picture === "paused";
  // biome-ignore lint/correctness/useExhaustiveDependencies: another key is another picture
  useEffect(() => {
    const element = video.current;
    if (!isOn || element === null) return;
    const canvas = last.current;
    const detach = isSelf ? member.showOwnPicture(element) : member.showPicture(identity, element);
    return () => {
      keepFrame(element, canvas);
      detach();
    };
  }, [member, identity, isSelf, isOn, pictureKey]);
  return (
    <>
      <canvas ref={last} className={styles["picture"]} hidden={!isStale} />
      <video
        ref={video}
        className={styles["picture"]}
        data-mirrored={isSelf || undefined}
        data-identity={identity}
        muted
        playsInline
        hidden={!isOn}
      />
    </>
  );
}

function keepFrame(video: HTMLVideoElement, canvas: HTMLCanvasElement | null): void {
  if (canvas === null || video.videoWidth === 0) return;
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d")?.drawImage(video, 0, 0);
}
