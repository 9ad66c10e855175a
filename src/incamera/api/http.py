"""All routes of a server, in the order in which they are asked."""

from collections.abc import Callable, Collection, Mapping, Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from incamera.api.origins import Addressed
from incamera.api.page import Page
from incamera.api.problems import details, problem
from incamera.refusal import Refusal, Refused

Readiness = Callable[[], Mapping[str, Refusal | None]]
"""What must be so before visitors are sent here: a name each (`media`), and why it is not, or None."""


def application(
    *,
    signalling: Sequence[BaseRoute],
    page: Page | None,
    readiness: Readiness,
    meetings: Sequence[BaseRoute] = (),
    origins: Collection[str] = (),
) -> Starlette:
    """Health, the media plane's signalling, and the page unless the media server stands alone.

    `origins`: under which alone it may be asked (origins.py); none: under any.

    | route | is |
    | --- | --- |
    | `/healthz` | 200 while the process answers |
    | `/readyz` | 200, or 503 with what is not ready, and why |
    | `/join.json` | from where this page comes, and to which server it speaks |
    | `/api/v1/…` | the meeting plane: api/meetings.py |
    | `/rtc…`, `/twirp/…` | LiveKit's protocol: incamera.sfu.server |
    | `/`, `/m/<meeting>`, `/assets/…` | the page: api/page.py |
    """

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(_: Request) -> Response:
        unready = readiness()
        ready = {name: why is None for name, why in unready.items()}
        why = next((why for why in unready.values() if why is not None), None)
        if why is None:
            return JSONResponse(ready)
        return JSONResponse({**details(why), **ready}, 503, media_type="application/problem+json")

    async def join(_: Request) -> Response:
        return JSONResponse({"page": "server"}, headers={"Cache-Control": "no-store"})

    async def alone(_: Request) -> Response:
        return PlainTextResponse("OK")  # what LiveKit's own server answers, and its users' health checks expect

    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return problem(error.refusal)

    routes: list[BaseRoute] = [Route("/healthz", healthz), Route("/readyz", readyz)]
    if page is None:
        routes += [Route("/", alone), *signalling]
    else:
        index, meeting, files = page.routes()
        routes += [Route("/join.json", join), index, meeting, *meetings, *signalling, files]
    middleware = [Middleware(Addressed, origins=origins)] if origins else []
    return Starlette(routes=routes, exception_handlers={Refused: refused}, middleware=middleware)
