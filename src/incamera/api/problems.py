"""A refusal as an HTTP answer: problem details (RFC 9457) with the code, the reason and the remedy."""

import json

from starlette.responses import Response

from incamera.refusal import Code, Refusal

_STATUS = {
    Code.TOKEN_MISSING: 401,
    Code.TOKEN_INVALID: 401,
    Code.TOKEN_EXPIRED: 401,
    Code.TOKEN_NOT_YET_VALID: 401,
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
}


def status_of(code: Code) -> int:
    """The HTTP status of a refusal: 400 where none says more."""
    return _STATUS.get(code, 400)


def problem(refusal: Refusal) -> Response:
    """The answer. `type` is the code's stable name, `title` what is so, `detail` what to do."""
    status = status_of(refusal.code)
    body = {
        "type": f"urn:incamera:refusal:{refusal.code}",
        "title": refusal.reason,
        "status": status,
        "detail": refusal.remedy,
        "code": str(refusal.code),
    }
    return Response(json.dumps(body, ensure_ascii=False), status, media_type="application/problem+json")
