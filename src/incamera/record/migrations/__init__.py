"""The schema's versions, by Alembic: each server that starts brings its database to the newest one."""
