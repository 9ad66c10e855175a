"""Session descriptions (SDP, RFC 8866 and RFC 8829) as far as the signalling needs them. Pure.

The core negotiates; here is read which sections an offer has, and the core's answer is dressed for LiveKit's clients:
the stream ids that say whose track a section carries, and `inactive` where none does (the core's SDP library writes
neither), and the codecs in the order in which the client prefers them (the library writes its own).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from incamera.limits import SDP_BYTES, SDP_SECTIONS
from incamera.refusal import Code, Refusal

Kind = Literal["audio", "video", "application"]
Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]

_DIRECTIONS: Final[dict[str, Direction]] = {
    "a=sendrecv": "sendrecv",
    "a=sendonly": "sendonly",
    "a=recvonly": "recvonly",
    "a=inactive": "inactive",
}
_KINDS: Final[dict[str, Kind]] = {"audio": "audio", "video": "video", "application": "application"}

_PROTOCOLS: Final = (("UDP/TLS/RTP/SAVPF", "TCP/TLS/RTP/SAVPF"), ("UDP/DTLS/SCTP", "TCP/DTLS/SCTP", "DTLS/SCTP"))
"""Of media, and of data: everything else is in the clear, or has no feedback."""


@dataclass(frozen=True, slots=True)
class OfferedSection:
    """One m-line of a client's offer. The direction is the client's; a section with port 0 counts as inactive."""

    mid: str
    kind: Kind
    direction: Direction
    cids: tuple[str, ...]
    """Track ids of its `a=msid` lines: how it is matched to an `add_track`."""
    codecs: tuple[str, ...]
    """Its codecs' names in order of preference, in lower case: `vp8`, `opus`, …"""
    rids: tuple[str, ...]
    payload_types: tuple[str, ...]

    @property
    def is_sending(self) -> bool:
        """Whether the client sends here."""
        return self.direction in ("sendonly", "sendrecv")

    @property
    def is_receiving(self) -> bool:
        """Whether the client only receives here: where the server may place a track."""
        return self.direction == "recvonly"


@dataclass(frozen=True, slots=True)
class Placed:
    """The track that a section of the answer carries."""

    participant: str
    track: str


def read_offer(sdp: str) -> tuple[OfferedSection, ...] | Refusal:
    """The sections of an offer, in order; refused if it is too long, has too many, or is not over DTLS-SRTP."""
    if len(sdp.encode()) > SDP_BYTES.value:
        return refused(f"The session description is longer than {SDP_BYTES.value} bytes.")
    session, sections = _split(sdp)
    if not session or session[0] != "v=0" or not sections:
        return refused("The session description does not begin with v=0, or has no sections.")
    if len(sections) > SDP_SECTIONS.value:
        return refused(f"The session description has more than {SDP_SECTIONS.value} sections.")
    offered: list[OfferedSection] = []
    for lines in sections:
        section = _section(lines)
        if section is None:
            return refused(f"Section {len(offered)} of the session description is cut off, or not over DTLS-SRTP.")
        offered.append(section)
    if len({section.mid for section in offered}) < len(offered):
        return refused("Two sections of the session description have the same mid.")
    if not any(line.startswith("a=fingerprint:") for line in sdp.splitlines()):
        return refused("The session description has no fingerprint.")
    return tuple(offered)


def dress_answer(sdp: str, offered: Iterable[OfferedSection], placed: Mapping[str, Placed]) -> str:
    """The core's answer with the stream ids of `placed` (by mid); sections that receive nothing become inactive."""
    by_mid = {section.mid: section for section in offered}
    session, sections = _split(sdp)
    lines = list(session)
    for section in sections:
        mid = _value(section, "a=mid:")
        offer = by_mid.get(mid or "")
        if offer is None or offer.kind == "application":
            lines += section
        elif offer.mid in placed:
            lines += _carrying(_ordered(section, offer), placed[offer.mid])
        else:
            lines += _empty(_ordered(section, offer), is_publisher=offer.is_sending)
    return "\r\n".join(lines) + "\r\n"


def dress_offer(sdp: str, placed: Mapping[str, Placed]) -> str:
    """The server's own offer (two connections) with the stream ids of `placed`; all other media sections inactive."""
    session, sections = _split(sdp)
    lines = list(session)
    for section in sections:
        mid = _value(section, "a=mid:")
        if section[0].startswith("m=application"):
            lines += section
        elif mid is not None and mid in placed:
            lines += _carrying(section, placed[mid])
        else:
            lines += _empty(section, is_publisher=False)
    return "\r\n".join(lines) + "\r\n"


def refused(reason: str) -> Refusal:
    """A session description that can't be used."""
    return Refusal(Code.SDP_REFUSED, reason, "Use an unmodified LiveKit client of version 1.0 or later.")


def _section(lines: list[str]) -> OfferedSection | None:
    head = lines[0][2:].split()
    if len(head) < 4 or head[0] not in _KINDS:
        return None
    kind, protocol = _KINDS[head[0]], head[2]
    if protocol not in _PROTOCOLS[kind == "application"]:
        return None
    mid = _value(lines, "a=mid:")
    if not mid or len(mid) > 32:
        return None
    direction = next((_DIRECTIONS[line] for line in lines if line in _DIRECTIONS), None)
    if direction is None:
        if kind != "application":
            return None
        direction = "sendrecv"
    if head[1] == "0" and "a=bundle-only" not in lines:
        direction = "inactive"
    names = {
        line[9:].split(" ", 1)[0]: line.split(" ", 1)[1].split("/")[0].lower() for line in lines if _is_rtpmap(line)
    }
    msids = [line[7:].split() for line in lines if line.startswith("a=msid:")]
    return OfferedSection(
        mid=mid,
        kind=kind,
        direction=direction,
        cids=tuple(parts[1] for parts in msids if len(parts) > 1),
        codecs=tuple(names[payload] for payload in head[3:] if payload in names),
        rids=tuple(line[6:].split(" ", 1)[0] for line in lines if line.startswith("a=rid:") and " send" in line),
        payload_types=tuple(head[3:]),
    )


def _is_rtpmap(line: str) -> bool:
    return line.startswith("a=rtpmap:") and " " in line


def _ordered(section: list[str], offer: OfferedSection) -> list[str]:
    """The payload types of the m-line in the order of the offer's: the first is what the client sends."""
    head = section[0].split(" ")
    mine = head[3:]
    order = [payload for payload in offer.payload_types if payload in mine]
    order += [payload for payload in mine if payload not in order]
    return [" ".join(head[:3] + order), *section[1:]]


def _carrying(section: list[str], placed: Placed) -> list[str]:
    ssrcs = list(dict.fromkeys(line[7:].split(" ", 1)[0] for line in section if line.startswith("a=ssrc:")))
    kept = [line for line in section if not line.startswith(("a=msid:", "a=ssrc:")) and line not in _DIRECTIONS]
    stream = f"{placed.participant}|{placed.track}"
    added = ["a=sendonly", f"a=msid:{stream} {placed.track}"]
    for ssrc in ssrcs:
        added += [f"a=ssrc:{ssrc} cname:{placed.participant}", f"a=ssrc:{ssrc} msid:{stream} {placed.track}"]
    return kept + added


def _empty(section: list[str], *, is_publisher: bool) -> list[str]:
    kept = [line for line in section if not line.startswith(("a=msid:", "a=ssrc:", "a=ssrc-group:"))]
    if is_publisher:
        return kept
    return ["a=inactive" if line in _DIRECTIONS else line for line in kept]


def _split(sdp: str) -> tuple[list[str], list[list[str]]]:
    session: list[str] = []
    sections: list[list[str]] = []
    for line in sdp.replace("\r\n", "\n").split("\n"):
        if not line:
            continue
        if line.startswith("m="):
            sections.append([line])
        else:
            (sections[-1] if sections else session).append(line)
    return session, sections


def _value(lines: Iterable[str], prefix: str) -> str | None:
    return next((line[len(prefix) :].strip() for line in lines if line.startswith(prefix)), None)
