"""The meeting plane's routes, on one page."""

from starlette.routing import BaseRoute, Route, WebSocketRoute

from incamera.api.acts import Acts
from incamera.api.blobs import Welcomes
from incamera.api.charters import Charters
from incamera.api.enrolment import Enrolment
from incamera.api.feed import Feeds
from incamera.api.proof import Proofs
from incamera.api.tickets import Tickets
from incamera.clock import Clock
from incamera.proceedings.meetings import Meetings
from incamera.record.blobs import Blobs


def meeting_routes(meetings: Meetings, blobs: Blobs, clock: Clock) -> list[BaseRoute]:
    """Who asks is known by what it signed: a charter, an act, a proof (then by its token).

    | route | asks | gets |
    | --- | --- | --- |
    | `POST /api/v1/meetings` | whoever has a charter of a trusted authority | the meeting's id |
    | `GET /api/v1/meetings/<m>/enrolment/<thumbprint>` | a link's holder | the core, its two statements |
    | `GET`, `POST /api/v1/meetings/<m>/proof` | anyone; an enrolled device | a challenge; a token |
    | `POST /api/v1/meetings/<m>/acts` | the act's author, by its signature | the entry, and a head |
    | `GET /api/v1/meetings/<m>/feed` | token, in the first message | entries, doors, receipts, signals |
    | `GET /api/v1/meetings/<m>/charters` | token | the core, the parts that it may see |
    | `POST /api/v1/meetings/<m>/blobs` | token of a member | the hash of what it uploaded |
    | `GET /api/v1/meetings/<m>/blobs/<hash>` | token of a device that the commit added | its Welcome |
    | `POST /api/v1/meetings/<m>/tickets` | token of a member | a ticket for the sitting's room |
    """
    proofs = Proofs(meetings, clock)
    charters, enrolment = Charters(meetings, proofs, clock), Enrolment(meetings, clock)
    acts, feeds = Acts(meetings, clock), Feeds(meetings, proofs, clock)
    welcomes, tickets = Welcomes(proofs, blobs, clock), Tickets(proofs)
    one = "/api/v1/meetings/{meeting}"
    return [
        Route("/api/v1/meetings", charters.create, methods=["POST"]),
        Route(f"{one}/enrolment/{{invitation}}", enrolment.get, methods=["GET"]),
        Route(f"{one}/proof", proofs.get, methods=["GET"]),
        Route(f"{one}/proof", proofs.post, methods=["POST"]),
        Route(f"{one}/acts", acts.post, methods=["POST"]),
        WebSocketRoute(f"{one}/feed", feeds.connect),
        Route(f"{one}/charters", charters.get, methods=["GET"]),
        Route(f"{one}/blobs", welcomes.post, methods=["POST"]),
        Route(f"{one}/blobs/{{blob}}", welcomes.get, methods=["GET"]),
        Route(f"{one}/tickets", tickets.post, methods=["POST"]),
    ]
