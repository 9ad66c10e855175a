"""What only members run: the typed face of crates/e2ee. Groups, frame keys, heartbeats, item keys; no socket, no clock."""
