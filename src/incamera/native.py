"""The compiled module, re-exported: the only place that names `incamera._core`."""

from typing import TYPE_CHECKING

from incamera import _core
from incamera._core import E2eeRefused, HeadsLedger, MediaCore, SittingGroup, Watch, validate_chain

if TYPE_CHECKING:
    from incamera._core import NativeEvent as NativeEvent
    from incamera._core import NativeSection as NativeSection

__all__ = ["E2eeRefused", "HeadsLedger", "MediaCore", "SittingGroup", "Watch", "native_version", "validate_chain"]


def native_version() -> str:
    """The version of the compiled module, which must be the package's."""
    version: str = _core.__version__
    return version
