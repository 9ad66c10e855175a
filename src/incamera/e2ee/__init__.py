"""What only members run, the typed face of crates/e2ee: groups, frame keys, heartbeats, item keys."""
