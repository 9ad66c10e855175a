"""In Camera: a self-hosted secure video conference for ministerial meetings."""

from importlib.metadata import version

__version__ = version("incamera")
