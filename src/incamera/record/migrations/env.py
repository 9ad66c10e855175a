"""Alembic's entry: the connection is the one that the store opened (`incamera.record.schema`)."""

from alembic import context

from incamera.record.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
