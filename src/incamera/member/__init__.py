"""A headless participant: meets the server on the wire only."""
