"""Structured logs: one event a line, `noun.verb`, ids and codes only; no name, title, key, token or address."""

import logging
import sys
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import structlog

T = TypeVar("T")


@dataclass(frozen=True, slots=True, repr=False)
class Private(Generic[T]):
    """A value that no log and no traceback prints."""

    value: T

    def __repr__(self) -> str:
        return "•"

    def __str__(self) -> str:
        return "•"


def configure(level: str = "info", form: Literal["auto", "json", "text"] = "auto") -> None:
    """Send all logs to stderr, the standard library's and uvicorn's too: JSON lines unless stderr is a terminal."""
    as_json = form == "json" or (form == "auto" and not sys.stderr.isatty())
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    logging.getLogger("uvicorn.error").addFilter(_is_no_refusal)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # It tells at each start which of its plugins there are; nobody who runs a server asks.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _is_no_refusal(record: logging.LogRecord) -> bool:
    """Uvicorn 0.54 takes a WebSocket that was refused by an HTTP status for an error of ours; who refuses logs it."""
    return record.msg != "ASGI callable returned without completing handshake."


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound
