"""LiveKit's protocol: the pure parts by themselves, and unmodified SDKs against the running server."""
