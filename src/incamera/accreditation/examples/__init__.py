"""The bundled drafts: the meeting that In Camera is built for, and the demo's; in YAML, to be edited by a person."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Final

ALLIES: Final = (
    ("alb", "Albania", "Albanie"),
    ("bel", "Belgium", "Belgique"),
    ("bgr", "Bulgaria", "Bulgarie"),
    ("can", "Canada", "Canada"),
    ("hrv", "Croatia", "Croatie"),
    ("cze", "Czech Republic", "République tchèque"),
    ("dnk", "Denmark", "Danemark"),
    ("est", "Estonia", "Estonie"),
    ("fra", "France", "France"),
    ("deu", "Germany", "Allemagne"),
    ("grc", "Greece", "Grèce"),
    ("hun", "Hungary", "Hongrie"),
    ("isl", "Iceland", "Islande"),
    ("ita", "Italy", "Italie"),
    ("lva", "Latvia", "Lettonie"),
    ("ltu", "Lithuania", "Lituanie"),
    ("lux", "Luxembourg", "Luxembourg"),
    ("mne", "Montenegro", "Monténégro"),
    ("nld", "Netherlands", "Pays-Bas"),
    ("mkd", "North Macedonia", "Macédoine du Nord"),
    ("nor", "Norway", "Norvège"),
    ("pol", "Poland", "Pologne"),
    ("prt", "Portugal", "Portugal"),
    ("rou", "Romania", "Roumanie"),
    ("svk", "Slovakia", "Slovaquie"),
    ("svn", "Slovenia", "Slovénie"),
    ("esp", "Spain", "Espagne"),
    ("tur", "Turkey", "Turquie"),
    ("gbr", "United Kingdom", "Royaume-Uni"),
    ("usa", "United States", "États-Unis"),
)
"""The thirty of February 2021, in the order of their English names."""


def ministerial(first_day: date) -> str:
    """A large meeting: thirty delegations, partners in some sittings only, two days, a bilateral, press."""
    return _render("ministerial.yaml", first_day, {"allies": ALLIES})


def demo(first_day: date, *, delegations: int, is_automatic: bool) -> str:
    """The demo's: so many delegations, and two sittings, one of them with a partner."""
    assert 1 <= delegations <= len(ALLIES), "there are thirty"
    values = {"allies": ALLIES[:delegations], "admission": "automatic" if is_automatic else "by_hand"}
    return _render("demo.yaml", first_day, values)


def _render(name: str, first_day: date, values: Mapping[str, object]) -> str:
    def day(offset: int) -> str:
        return (first_day + timedelta(days=offset)).isoformat()

    def at(offset: int, hours: int, minutes: int = 0) -> str:
        midnight = datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC)
        return (midnight + timedelta(days=offset, hours=hours, minutes=minutes)).isoformat(timespec="minutes")

    # Loaded here: `incamera --help` does not need it.
    from jinja2 import Environment, StrictUndefined

    # YAML, not HTML: there is nothing to escape for, and what is filled in stands above.
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)  # noqa: S701
    template = environment.from_string(files(__name__).joinpath(name).read_text(encoding="utf-8"))
    return template.render(day=day, at=at, **values) + "\n"
