"""The compiled module, re-exported: the only place that names `incamera._core`."""

from incamera import _core

__all__ = ["native_version"]


def native_version() -> str:
    """The version of the compiled module, which must be the package's."""
    version: str = _core.__version__
    return version
