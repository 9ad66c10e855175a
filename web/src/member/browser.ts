/** What this browser can do. */

/** WebRTC, and access to encoded frames: without the second nothing could be end-to-end encrypted, so we don't begin. */
export function canJoin(scope: typeof globalThis = globalThis): boolean {
  const sender = scope.RTCRtpSender?.prototype;
  return (
    typeof scope.RTCPeerConnection === "function" &&
    typeof scope.navigator?.mediaDevices?.getUserMedia === "function" &&
    sender !== undefined &&
    ("createEncodedStreams" in sender || "RTCRtpScriptTransform" in scope)
  );
}

/** Ed25519, by which a device signs and all signatures are checked: Chrome has it from 137 on, encoded frames much longer. */
export async function canSign(subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle): Promise<boolean> {
  try {
    return (await subtle?.generateKey("Ed25519", false, ["sign", "verify"])) !== undefined;
  } catch {
    return false;
  }
}

/** Whether this tab is the first of this browser that is in a meeting; it stays the first until it is closed. */
export function isFirstTab(locks: LockManager | undefined = navigator.locks): Promise<boolean> {
  if (locks === undefined) return Promise.resolve(true);
  return new Promise((resolve) => {
    void locks.request("incamera.loudspeaker", { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise(() => undefined); // held for as long as the tab lives
    });
  });
}
