"""The compiled module's face (crates/native)."""

__version__: str
