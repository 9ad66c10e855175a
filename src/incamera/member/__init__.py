"""A headless participant: meets the server on the wire only."""

import os

# The SDK's native part writes to stderr by itself, addresses too, unless it is told not to before it is loaded.
os.environ.setdefault("RUST_LOG", "off")
