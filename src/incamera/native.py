"""The compiled module, re-exported: the only place that names `incamera._core`."""

from typing import TYPE_CHECKING

from incamera import _core
from incamera._core import MediaCore

if TYPE_CHECKING:
    from incamera._core import NativeEvent as NativeEvent
    from incamera._core import NativeSection as NativeSection

__all__ = ["MediaCore", "native_version"]


def native_version() -> str:
    """The version of the compiled module, which must be the package's."""
    version: str = _core.__version__
    return version
