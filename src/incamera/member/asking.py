"""One request to a server, and its answer: a value or a refusal, read no further than what is asked for may be long.

A server that does not answer is `server.unreachable`; so is one whose answer is too long or of another form.
"""

import json
import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2

from incamera.limits import Limit
from incamera.refusal import Code, Refusal

# It writes addresses at INFO.
logging.getLogger("httpx2").setLevel(logging.WARNING)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked for: the status is one of success."""

    status: int
    body: bytes


async def ask(
    http: httpx2.AsyncClient,
    method: str,
    url: str,
    *,
    content: bytes = b"",
    headers: Mapping[str, str] | None = None,
    longest: Limit,
) -> Answer | Refusal:
    """The answer, of so many bytes at most; else the server's refusal, or why it is none."""
    # Not compressed: a few kilobytes could unfold to any size.
    asked = http.build_request(method, url, content=content, headers={**(headers or {}), "Accept-Encoding": "identity"})
    body = bytearray()
    try:
        answer = await http.send(asked, stream=True)
        try:
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > longest.value:
                    return unreachable(f"answered with more than {longest.value} {longest.unit}")
        finally:
            await answer.aclose()
    except httpx2.HTTPError as error:
        return _untrusted(error) or unreachable(f"does not answer ({type(error).__name__})")
    if answer.is_success:
        return Answer(answer.status_code, bytes(body))
    return refusal_of(_json(body)) or unreachable(f"answered {answer.status_code}, not as an In Camera server")


def read(body: bytes, make: Callable[[Any], T]) -> T | Refusal:  # Any: JSON of a server
    """What `make` takes from JSON. It may raise as any look into a value of another form does."""
    try:
        return make(_json(body))
    except (KeyError, TypeError, ValueError, AttributeError):
        return unreachable("answered with something of another form")


def refusal_of(problem: Any) -> Refusal | None:  # Any: JSON of a server, read here
    """A refusal from problem details (RFC 9457), as the API and the feed send them."""
    try:
        return Refusal(Code(problem["code"]), str(problem["title"]), str(problem["detail"]))
    except (KeyError, TypeError, ValueError):
        return None


def unreachable(what: str) -> Refusal:
    """The server does nothing that one could go by."""
    return Refusal(Code.SERVER_UNREACHABLE, f"The server {what}.", "Check the network and the server.")


def _untrusted(error: BaseException) -> Refusal | None:
    """Where it was the certificate; the reason in OpenSSL's words, which hold nothing secret."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return None
    return Refusal(
        Code.SERVER_UNREACHABLE,
        f"The server's certificate is not trusted: {cause.verify_message.rstrip('.')}.",
        "Give its authority's certificates with --ca, if they are your own.",
    )


def _json(body: bytes | bytearray) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
