"""A refusal as an HTTP answer: problem details (RFC 9457) with the code, the reason and the remedy."""

import json

from starlette.responses import Response

from incamera.accreditation.strict import Json
from incamera.refusal import Code, Refusal

_STATUS = {
    Code.TOKEN_MISSING: 401,
    Code.TOKEN_INVALID: 401,
    Code.TOKEN_EXPIRED: 401,
    Code.TOKEN_NOT_YET_VALID: 401,
    Code.TOKEN_REVOKED: 401,
    Code.GRANT_MISSING: 403,
    Code.ROOM_UNKNOWN: 404,
    Code.PARTICIPANT_UNKNOWN: 404,
    Code.TRACK_UNKNOWN: 404,
    Code.ROOM_FULL: 503,
    Code.LIMIT_REACHED: 429,
    Code.SIGNAL_UNSUPPORTED: 501,
    Code.PAGE_NOT_BUILT: 503,
    Code.FORWARD_FOREIGN: 403,
    Code.FORWARD_USED: 403,
    Code.FORWARD_CONTENT: 502,
    Code.SERVER_UNREACHABLE: 502,
    # The meeting plane: who may not see a thing and a thing that is not there are one answer, 404.
    Code.SIGNATURE_WRONG: 401,
    Code.PROOF_INVALID: 401,
    Code.PROOF_EXPIRED: 401,
    Code.PROOF_MISSING: 401,
    Code.DEVICE_UNKNOWN: 401,
    Code.DEVICE_REVOKED: 403,
    Code.ACT_ROLE: 403,
    Code.ADMISSION_MISSING: 403,
    Code.MEMBER_MISSING: 403,
    Code.CHARTER_AUTHORITY: 403,
    Code.NOT_FOUND: 404,
    Code.MEETING_UNKNOWN: 404,
    Code.SITTING_UNKNOWN: 404,
    Code.ENROLMENT_UNKNOWN: 404,
    Code.BLOB_UNKNOWN: 404,
    Code.ACT_NONCE: 409,
    Code.ACT_SEEN: 409,
    Code.ENROLMENT_KNOWN: 409,
    Code.ENROLMENT_USED: 409,
    Code.ENROLMENT_LOCKED: 409,
    Code.SITTING_OPEN: 409,
    Code.SITTING_UNOPENED: 409,
    Code.SITTING_CLOSED: 409,
    Code.SITTING_MOVED: 409,
    Code.GROUP_GONE: 409,
    Code.COMMIT_CONFLICT: 409,
    Code.COMMIT_STALE: 409,
    Code.MEETING_EXISTS: 409,
    Code.STATEMENTS_FULL: 409,
    Code.RECORD_MOVED: 409,
    Code.ACT_TOO_LARGE: 413,
    Code.ORIGIN_FOREIGN: 421,
    Code.RATE_LIMITED: 429,
    Code.COMMIT_SOON: 429,
    Code.LOBBY_FULL: 429,
    Code.TICKET_UNAVAILABLE: 503,
    Code.SERVER_CLOSING: 503,
    Code.MEDIA_FAILED: 503,
    Code.STORAGE_FAILED: 503,
    Code.STORAGE_FULL: 507,
}


def status_of(code: Code) -> int:
    """The HTTP status of a refusal: 400 where none says more."""
    return _STATUS.get(code, 400)


def details(refusal: Refusal) -> dict[str, Json]:
    """The problem's members. `type` is the code's stable name, `title` what is so, `detail` what to do."""
    return {
        "type": f"urn:incamera:refusal:{refusal.code}",
        "title": refusal.reason,
        "status": status_of(refusal.code),
        "detail": refusal.remedy,
        "code": str(refusal.code),
    }


def problem(refusal: Refusal) -> Response:
    """The refusal as an answer."""
    body = json.dumps(details(refusal), ensure_ascii=False)
    return Response(body, status_of(refusal.code), media_type="application/problem+json")
