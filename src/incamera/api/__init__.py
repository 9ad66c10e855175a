"""The HTTP face: parse, call, answer; no rule lives here."""
