"""Meetings, charters and their parts, statements, entries, blobs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "meetings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("meeting", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "charters",
        _meeting(),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("jws", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("meeting_id", "number"),
    )
    op.create_table(
        "parts",
        _meeting(),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("meeting_id", "part", "digest"),
    )
    op.create_table(
        "statements",
        _meeting(),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("delegation", sa.Text, nullable=False),
        sa.Column("seat", sa.Text, nullable=True),
        sa.Column("jws", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("meeting_id", "hash"),
    )
    position = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "entries",
        sa.Column("position", position, primary_key=True, autoincrement=False),
        _meeting(),
        sa.Column("journal", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("header", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=True),
    )
    op.create_index("entries_by_place", "entries", ["meeting_id", "journal", "seq"], unique=True)
    op.create_index("entries_by_digest", "entries", ["meeting_id", "digest"], unique=True)
    op.create_table(
        "blobs",
        _meeting(),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("meeting_id", "hash"),
    )


def _meeting() -> sa.Column[int]:
    return sa.Column("meeting_id", sa.Integer, sa.ForeignKey("meetings.id"), nullable=False)
