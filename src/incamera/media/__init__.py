"""The port of the media plane: one small interface, an embedded server or a LiveKit cluster behind it."""
