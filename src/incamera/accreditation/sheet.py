"""An invitation's printable sheet: whom it is for, what to do, the link as a QR code. One HTML file, no network."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from incamera.accreditation.charter import OpenPart, Role, Text

WORDS: Final = {
    "en": {
        "invitation": "Invitation",
        "roles": {
            Role.CHAIR: "Chair",
            Role.SECRETARIAT: "Secretariat",
            Role.HEAD: "Head of delegation",
            Role.ADVISER: "Adviser",
            Role.INTERPRETER: "Interpreter",
            Role.PRESS: "Press",
            Role.RECORDER: "Recorder",
            Role.WITNESS: "Witness",
        },
        "steps": (
            "On your own computer, start incamera join and paste or scan the link of this sheet.",
            "Compare the authority's first characters with those that you were told.",
            "Knock well before the meeting: the secretariat lets you in by hand the first time.",
        ),
        "authority": "Authority",
        "once": "This sheet is a key. It works once, on one device: keep it to yourself, and destroy it afterwards.",
        "telephone": "If you cannot get in, call the secretariat:",
    },
    "fr": {
        "invitation": "Invitation",
        "roles": {
            Role.CHAIR: "Présidence",
            Role.SECRETARIAT: "Secrétariat",
            Role.HEAD: "Chef de délégation",
            Role.ADVISER: "Conseiller",
            Role.INTERPRETER: "Interprète",
            Role.PRESS: "Presse",
            Role.RECORDER: "Enregistrement",
            Role.WITNESS: "Témoin",
        },
        "steps": (
            "Sur votre propre ordinateur, lancez incamera join et collez ou scannez le lien de cette feuille.",
            "Comparez les premiers caractères de l'autorité avec ceux qui vous ont été communiqués.",
            "Présentez-vous bien avant la réunion : la première fois, le secrétariat vous fait entrer en personne.",
        ),
        "authority": "Autorité",
        "once": "Cette feuille est une clé. Elle sert une fois, sur un appareil : gardez-la, puis détruisez-la.",
        "telephone": "Si vous ne pouvez pas entrer, appelez le secrétariat :",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What stands on a sheet."""

    link: str
    authority: str
    organisation: str
    meeting: OpenPart
    delegation: Text
    seat: str
    role: Role
    person: str | None

    def html(self) -> str:
        """The sheet in the charter's languages, of those that there are words for."""
        # Loaded here: `incamera --help` needs neither, and together they are a tenth of a second.
        import segno
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup

        languages = [language for language in self.meeting.languages if language in WORDS]
        # Level M: a sheet that was folded still scans. The image is drawn in the page: nothing is fetched.
        code = segno.make(self.link, error="m", micro=False).svg_inline(scale=4, border=2)
        environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        template = environment.from_string(files(__package__).joinpath("sheet.html").read_text(encoding="utf-8"))
        authority = " / ".join(dict.fromkeys(str(WORDS[language]["authority"]) for language in languages))
        drawn = Markup(code)  # noqa: S704 - segno's drawing, of our link
        return template.render(sheet=self, languages=languages, words=WORDS, code=drawn, authority=authority)
