"""A LiveKit-compatible media server that stands alone: it knows nothing of meetings."""
