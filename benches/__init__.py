"""What the media server costs and how fast it is, beside livekit-server: docs/explanation/performance.md."""
