"""The record's tables, as the migrations make them (migrations/versions; a test holds the two together)."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy import PrimaryKeyConstraint as Key

METADATA = MetaData()

MEETINGS = Table(
    "meetings",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("meeting", Text, nullable=False, unique=True),
)

CHARTERS = Table(
    "charters",
    METADATA,
    Column("meeting_id", Integer, ForeignKey("meetings.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("jws", Text, nullable=False),
    Key("meeting_id", "number"),
)

PARTS = Table(
    "parts",
    METADATA,
    Column("meeting_id", Integer, ForeignKey("meetings.id"), nullable=False),
    Column("part", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Key("meeting_id", "part", "digest"),
)

STATEMENTS = Table(
    "statements",
    METADATA,
    Column("meeting_id", Integer, ForeignKey("meetings.id"), nullable=False),
    Column("hash", Text, nullable=False),
    Column("delegation", Text, nullable=False),
    Column("seat", Text, nullable=True),
    Column("jws", Text, nullable=False),
    Key("meeting_id", "hash"),
)

ENTRIES = Table(
    "entries",
    METADATA,
    # The position in the one order of appending. It is shown to nobody: gaps would tell of other sittings.
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("meeting_id", Integer, ForeignKey("meetings.id"), nullable=False),
    Column("journal", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("header", LargeBinary, nullable=False),
    # The body's hash, which is the act's: an act stands once.
    Column("digest", Text, nullable=False),
    # NULL once it is erased; the chain is over headers, and still verifies.
    Column("body", Text, nullable=True),
    Index("entries_by_place", "meeting_id", "journal", "seq", unique=True),
    Index("entries_by_digest", "meeting_id", "digest", unique=True),
)

BLOBS = Table(
    "blobs",
    METADATA,
    Column("meeting_id", Integer, ForeignKey("meetings.id"), nullable=False),
    Column("hash", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=True),
    Key("meeting_id", "hash"),
)
