"""A signed charter goes to a server, which takes it if its settings name the authority that signed."""

import ssl
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from incamera.accreditation.bundle import Bundle
from incamera.accreditation.strict import ID_BYTES, MeetingId, compact, is_id
from incamera.limits import ACT_BYTES
from incamera.member.asking import Answer, ask, read
from incamera.refusal import Refusal

TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The server has the meeting."""

    meeting: MeetingId
    is_new: bool
    """False: it was there already, and new statements were added."""


async def upload(origin: str, bundle: Bundle, trust: ssl.SSLContext) -> Uploaded | Refusal:
    """Create the meeting on this server: `POST /api/v1/meetings`."""
    async with httpx2.AsyncClient(base_url=origin, verify=trust, timeout=TIMEOUT_S, follow_redirects=False) as http:
        answer = await ask(
            http,
            "POST",
            "/api/v1/meetings",
            content=compact(bundle.upload()),
            headers={"Content-Type": "application/json"},
            longest=ACT_BYTES,
        )
    return answer if isinstance(answer, Refusal) else _uploaded(answer)


def _uploaded(answer: Answer) -> Uploaded | Refusal:
    def uploaded(value: Any) -> Uploaded:  # Any: JSON of a server
        meeting = value["meeting"]
        if not isinstance(meeting, str) or not is_id(meeting, ID_BYTES):
            raise ValueError("no meeting's id")
        return Uploaded(MeetingId(meeting), answer.status == httpx2.codes.CREATED)

    return read(answer.body, uploaded)
