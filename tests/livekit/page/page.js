// A bare page around livekit-client: what a test asks of it, and what it saw. No framework, no build.
const lk = window.LivekitClient;
const seen = { events: [], data: [], texts: [], subscribed: {}, qualities: [] };
window.seen = seen;

window.join = async (url, token, options = {}) => {
  const room = new lk.Room({ dynacast: true, adaptiveStream: false, singlePeerConnection: true, ...options });
  window.room = room;
  const note = (name) => (...args) => seen.events.push([name, ...args.map((each) => each?.identity ?? each?.trackSid ?? `${each}`)]);
  for (const name of [
    "ParticipantConnected",
    "ParticipantDisconnected",
    "TrackMuted",
    "TrackUnmuted",
    "TrackUnpublished",
    "Reconnecting",
    "SignalReconnecting",
    "Reconnected",
    "Disconnected",
    "LocalTrackUnpublished",
    "ParticipantPermissionsChanged",
    "ParticipantAttributesChanged",
    "RoomMetadataChanged",
  ]) {
    room.on(lk.RoomEvent[name], note(name));
  }
  room.on(lk.RoomEvent.TrackSubscribed, (track, publication, participant) => {
    seen.events.push(["TrackSubscribed", participant.identity, publication.trackSid]);
    document.body.append(track.attach());
  });
  room.on(lk.RoomEvent.DataReceived, (payload, participant, _kind, topic) =>
    seen.data.push([new TextDecoder().decode(payload), participant?.identity ?? null, topic ?? null]),
  );
  room.registerTextStreamHandler("story", async (reader, sender) => seen.texts.push([await reader.readAll(), sender.identity]));
  room.registerRpcMethod("double", async (call) => `${call.callerIdentity}: ${Number(call.payload) * 2}`);
  await room.connect(url, token);
};

window.publish = async () => {
  await room.localParticipant.setMicrophoneEnabled(true);
  await room.localParticipant.setCameraEnabled(
    true,
    { resolution: { width: 640, height: 360, frameRate: 15 } },
    { simulcast: true, videoSimulcastLayers: [lk.VideoPresets.h90, lk.VideoPresets.h180] },
  );
};

// Decoded so far, by participant: pictures, seconds of sound, the picture's height, freezes, by getStats of each track's receiver.
window.decoded = async () => {
  const result = {};
  for (const participant of room.remoteParticipants.values()) {
    const entry = { frames: 0, samples: 0, height: 0, freezes: 0 };
    for (const publication of participant.trackPublications.values()) {
      const report = await publication.track?.receiver?.getStats();
      report?.forEach((each) => {
        if (each.type !== "inbound-rtp") return;
        entry.frames += each.framesDecoded ?? 0;
        entry.samples += each.totalSamplesReceived ?? 0;
        entry.height = each.frameHeight ?? entry.height;
        entry.freezes += each.freezeCount ?? 0;
      });
    }
    result[participant.identity] = entry;
  }
  return result;
};

// What this page's camera sends: the rids that are active, by getStats of its sender.
window.sending = async () => {
  const rids = {};
  for (const publication of room.localParticipant.videoTrackPublications.values()) {
    const report = await publication.track?.sender?.getStats();
    report?.forEach((each) => {
      if (each.type === "outbound-rtp" && each.rid) rids[each.rid] = { frames: each.framesSent, active: each.active };
    });
  }
  return rids;
};
