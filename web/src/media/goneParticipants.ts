/**
 * What LiveKit's worker answers for a participant that has left meanwhile reaches nobody.
 *
 * LiveKit (2.23.0, E2eeManager.ts, `enable`) throws where it does not know the participant any more, and nobody catches that.
 */
export function ignoreGone(worker: EventTarget, isHere: (identity: string) => boolean): () => void {
  const ignore = (event: Event) => {
    const { kind, data } = (event as MessageEvent).data ?? {};
    if (kind === "enable" && !isHere(data.participantIdentity)) event.stopImmediatePropagation();
  };
  worker.addEventListener("message", ignore);
  return () => worker.removeEventListener("message", ignore);
}
