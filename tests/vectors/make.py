"""Write tests/vectors/*.json: `python -m tests.vectors.make`. The same files come out each time.

Python makes them; TypeScript (web/src) and Rust (crates/e2ee) are held to them, and so is Python, by test_vectors.py.
"""

from collections.abc import Callable
from pathlib import Path

from tests.vectors import chains, charters, keys, records
from tests.vectors.given import Vector, written

FOLDER = Path(__file__).parent
FILES: dict[str, Callable[[], Vector]] = {
    "act.json": keys.acts,
    "chain.json": chains.chains,
    "charter.json": charters.charters,
    "entry.json": records.entries,
    "export.json": records.exports,
    "frame_key.json": keys.frame_keys,
    "head.json": records.heads,
    "journal.json": records.journals,
    "link.json": keys.links,
    "sealed.json": keys.sealed,
    "strict.json": keys.strict,
    "words.json": keys.words,
}


def main() -> None:
    for name, make in FILES.items():
        (FOLDER / name).write_text(written(make()), encoding="utf-8")


if __name__ == "__main__":
    main()
