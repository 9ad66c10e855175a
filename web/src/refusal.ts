/** A "no" that a person can act on. What happened, what it means and what to do stand in i18n under `refusal.<code>`. */

/** Stable codes, `noun.reason`; registered once, never reused. Where the server has the same one, it has the same name. */
export const codes = [
  "link.missing", // the address has no invitation, and this tab remembers none
  "link.malformed", // the address names no meeting
  "token.invalid", // the server does not know the ticket
  "room.full", // the room has as many participants as it may
  "server.unreachable", // no answer from the server
  "seat.taken_over", // the same seat was opened somewhere else
  "seat.another", // the media server gave this page another participant's place
  "floor.not_yours", // the microphone stays closed: another device has the floor, or nobody
  "seat.withdrawn", // somebody who may removed this participant
  "sitting.closed", // the room was closed
  "browser.unsupported", // no WebRTC, or no frame encryption
  "form.malformed", // what was signed is not of its form
  "signature.malformed", // not a signature of this purpose
  "signature.wrong", // not signed by the key that it names
  "entry.broken", // an entry that does not follow its journal
  "limit.reached", // one more than there may be
  "core.interrupted", // the member's core broke or hung, and began anew: what was asked for may not stand
  "record.unread", // this device has read no record yet
  "head.broken", // a head that the registrar did not sign
] as const;

/** What the record refuses by: the same codes as the server's (docs/reference/refusals.md). */
export const recordCodes = [
  "server.refused", // the server said no in a word that this page does not know
  "feed.malformed", // a message of the feed that is not of its form
  "proof.invalid", // the server does not know this device, or not with this proof
  "meeting.unknown", // there is no such meeting here, or not for who asks
  "charter.part", // a part that is not the one in the charter
  "charter.authority", // signed by another authority than the one of the link
  "chain.length", // CHAIN-1: too long, or not as many statements as asked for
  "chain.form", // CHAIN-2: a statement that is not a compact JWS of its level's typ
  "chain.payload", // CHAIN-3: a payload that is not of its level's form
  "chain.key", // CHAIN-4: a key of small order, or one that stands at two levels
  "chain.authority", // CHAIN-5: not issued by the authority of the link
  "chain.issuer", // CHAIN-6: a level that does not name the key of the level above
  "chain.signature", // CHAIN-7: a signature that does not verify
  "chain.meeting", // CHAIN-8: another meeting
  "chain.charter", // CHAIN-9: vouched for under a charter that is none of this meeting's
  "chain.seat", // CHAIN-10: delegation or seat differ between levels, or are not in the charter
  "chain.time", // CHAIN-11: not valid yet, or no longer, or valid for too long
  "chain.sitting", // CHAIN-12: a leaf for another sitting or group
  "chain.enrolled", // CHAIN-13: the device's enrolment is not in the record
  "chain.revoked", // CHAIN-14: the device is revoked
  "act.meeting", // signed for another meeting
  "act.journal", // a kind of the main journal that names a sitting, or the other way round
  "act.known", // this act is in the record already
  "act.nonce", // another act of this device has the same nonce
  "act.time", // the device's clock is more than 5 minutes off
  "act.seen", // the author saw an entry that is not on this journal: a fork
  "act.unseeing", // a reader's act that does not say what its author saw
  "act.role", // the seat's role may not do this
  "act.too_large", // larger than an act of its kind may be
  "own.undue", // an entry of the server's own that was not due
  "device.unknown", // no such device is enrolled
  "device.revoked", // the device is revoked
  "enrolment.known", // this device is enrolled already
  "enrolment.used", // the link was used already, on another device
  "enrolment.locked", // the link was tried too often: it takes no further device
  "enrolment.signer", // signed by another key than the chain's device
  "enrolment.unknown", // no invitation has this key
  "invitation.open", // the link has not been used, or was reopened already
  "invitation.unknown", // the charter has no such seat
  "sitting.unknown", // there is no such sitting for this seat
  "sitting.unopened", // nobody opened the sitting yet
  "sitting.open", // the sitting was opened already
  "sitting.moved", // the sitting's journal has grown since its closing was signed
  "sitting.suite", // not the cipher suite of the charter
  "group.used", // the sitting had a group of this id before
  "group.gone", // not the sitting's present group
  "regroup.unfounded", // the reason for a new group does not hold by the record
  "regroup.without", // whom a new group leaves out is not as it must be
  "regroup.others", // somebody who is admitted can do it: knock, and be admitted first
  "knock.unknown", // no such knock stands at the door
  "knock.key_package", // the key package was used before
  "lobby.full", // as many knocks stand as may
  "admission.stands", // the device is admitted already
  "admission.missing", // the device is not admitted to the sitting
  "admission.own", // nobody excludes itself: leave instead
  "member.missing", // the device is not a member of the sitting's group
  "commit.conflict", // another commit of this epoch was first
  "commit.stale", // a removal that is due is not in the commit
  "commit.soon", // the member's commit before is less than a second old
  "commit.add", // an added device without a standing knock and admission, or at a wrong leaf
  "commit.remove", // a removal whose reason does not hold by the record
  "commit.welcome", // a Welcome that is missing, or one for nobody
  "commit.item", // names an item that nobody is opening
  "commit.unknown", // no such commit of the present group
  "commit.refused", // this device refused the commit already
  "message.epoch", // of an epoch that members can't open any more, or not yet
  "floor.waiting", // the delegation is on the intervention list already
  "floor.not_waiting", // the delegation is not on the intervention list
  "floor.held", // the delegation has the floor already
  "floor.free", // nobody has the floor
  "floor.others", // another device has the floor
  "floor.device", // not a device of that delegation that may speak in this sitting
  "item.unknown", // the sitting has no such item
  "item.public", // the charter says the item's title in clear
  "item.open", // an item is open already
  "item.not_open", // the item is not open
] as const;

/** What the member's core refuses by (crates/e2ee), and what stands between this page and its server. */
export const memberCodes = [
  "invitation.malformed", // what stands in the address is not an invitation, or a part of it is missing
  "page.forbidden", // the charter lets nobody enrol on the server's own copy of the page
  "seat.open", // this seat is open in another tab of this browser
  "storage.failed", // the server, or this browser, could not keep something
  "storage.full", // the server has no room left
  "rate.limited", // too much, too fast
  "record.moved", // the record went on in the moment of asking: ask again
  "server.closing", // the server is being stopped
  "proof.missing", // no token, or one that the server does not know
  "proof.expired", // the token's time is over
  "ticket.unavailable", // the media server does not answer
  "blob.unknown", // there is no such Welcome any more
  "feed.slow", // this device took its entries too slowly
  "group.wrong_phase", // what was asked does not fit where the group stands
  "group.blocked", // a breach was seen: nothing is sent in this group any more
  "group.update_first", // the state was loaded: a commit comes first
  "commit.pending", // a commit of our own waits for its entry
  "commit.other_group", // about another group
  "commit.epoch_past", // the commit leaves an epoch that is over
  "commit.epoch_future", // of an epoch that has not come
  "commit.breach", // an accepted commit does not do what its act says
  "commit.cannot_process", // MLS refuses the commit, here at least
  "commit.lost", // our own commit came back, and its secrets are not here
  "knock.refused", // a knock that can't be added
  "welcome.refused", // a Welcome that is not the roster that the record folds to
  "message.unreadable", // a message that can't be opened
  "roster.unknown_device", // a device that is not on the roster
  "item.key_unknown", // no key of this item is here
  "item.seal_broken", // a sealed body that its key does not open
  "state.unreadable", // the sealed state can't be read
  "core.internal", // a mistake of this program
] as const;

export type Code = (typeof codes)[number] | (typeof recordCodes)[number] | (typeof memberCodes)[number];

/** A code that came over the wire, if this page knows it. */
export function knownCode(text: string): Code | undefined {
  return [...codes, ...recordCodes, ...memberCodes].find((code) => code === text);
}

/** A value: `T | Refusal` cannot be used unchecked. */
export interface Refusal {
  readonly refused: Code;
}

export function refuse(code: Code): Refusal {
  return { refused: code };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === "object" && value !== null && "refused" in value;
}
