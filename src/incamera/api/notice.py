"""A refusal as a small page: what a person sees whose browser opened an address that leads nowhere.

It stands alone: no script, no file of the page (under a foreign name those are refused too), and its one style is named
in its policy by its hash. It says the same as the problem details, in both languages of the screens.
"""

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response

from incamera.api.problems import problem, status_of
from incamera.refusal import Code, Refusal

FRENCH: Final[Mapping[Code, tuple[str, str]]] = {
    Code.ORIGIN_FOREIGN: (
        "Ce serveur n’est pas joignable à cette adresse.",
        "Ouvrez le lien que vous avez reçu, tel quel. Exploitants\xa0: ajoutez cette adresse à http.origins, et faites"
        " transmettre l’en-tête Host par le serveur mandataire.",
    ),
    Code.NOT_FOUND: ("Il n’y a rien ici pour vous.", "Vérifiez l’adresse."),
    Code.PAGE_NOT_BUILT: (
        "Cette installation ne contient pas la page.",
        "Dans une copie des sources, lancez\xa0: make setup.",
    ),
    Code.FORWARD_FOREIGN: ("Cette adresse ne sert qu’une page, sur cet ordinateur.", "Relancez `incamera join`."),
    Code.FORWARD_USED: (
        "Cette adresse à usage unique a déjà été ouverte.",
        "Arrêtez `incamera join`, puis relancez-le.",
    ),
}
"""Reason and remedy of what an opened address may be refused with."""

# The page's paper light, its sheet and its mark (web/src/ui), in the reader's own fonts.
_STYLE: Final = """
:root { color-scheme: light; }
body { margin: 0; font: 17px/1.4 "Source Sans 3", system-ui, sans-serif; background: #f7f4ee; color: #17212b; }
header { display: flex; align-items: center; gap: 16px; min-height: 68px; padding: 8px 24px; box-sizing: border-box;
  border-bottom: 1px solid #d5cec0; font: 600 21px/1.2 "Source Serif 4", Georgia, serif; }
main { max-width: 820px; margin: auto; padding: 64px 24px; box-sizing: border-box; overflow-wrap: break-word; }
.sign { color: #a3201b; }
h1 { margin: 18px 0 8px; font: 600 32px/1.2 "Source Serif 4", Georgia, serif; text-wrap: balance; }
p { margin: 0; font-size: 20px; color: #404d5a; }
section + section { margin-top: 36px; padding-top: 18px; border-top: 1px solid #d5cec0; }
.code { margin-top: 36px; font-size: 15px; color: #586370; }
@media (max-width: 700px) { main { padding: 28px 16px; } h1 { font-size: 26px; } }
"""
_MARK: Final = """<svg viewBox="0 0 32 32" width="32" height="32" fill="none" stroke="currentColor"
 stroke-linecap="round" aria-hidden="true"><path d="M5 28V14a11 11 0 0 1 22 0v14" stroke-width="2.2"/>
<circle cx="16" cy="15" r="2.4" fill="currentColor"/><path d="M16 17v6" stroke-width="2.2"/></svg>"""
_SIGN: Final = """<svg class="sign" viewBox="0 0 24 24" width="44" height="44" fill="none" stroke="currentColor"
 stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
<path d="M8.5 2.5h7l6 6v7l-6 6h-7l-6-6v-7zM12 8v4M12 16h.01"/></svg>"""
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept",
    "X-Content-Type-Options": "nosniff",
}


def refused(asking: HTTPConnection, refusal: Refusal) -> Response:
    """The refusal as who asks can read it: a page where a browser opens an address, problem details for all others."""
    return notice(refusal) if opens(asking) else problem(refusal)


def opens(asking: HTTPConnection) -> bool:
    """Whether a person opens this address in a browser. The page's own requests and other programs take no HTML."""
    return asking.scope.get("method") in ("GET", "HEAD") and "text/html" in asking.headers.get("accept", "")


def notice(refusal: Refusal) -> Response:
    """The page, with the status that the refusal has in any form."""
    french = FRENCH.get(refusal.code)
    sections = _section("en", refusal.reason, refusal.remedy) + (_section("fr", *french) if french else "")
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>In Camera</title><style>{_STYLE}</style></head><body><header>{_MARK}In Camera</header>"
        f'<main>{_SIGN}{sections}<p class="code">Code: {refusal.code}</p></main></body></html>'
    )
    return HTMLResponse(html, status_of(refusal.code), HEADERS)


def _section(language: str, reason: str, remedy: str) -> str:
    return f'<section lang="{language}"><h1>{escape(reason)}</h1><p>{escape(remedy)}</p></section>'
