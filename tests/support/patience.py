"""How long a test waits for what must come: generous, since other tests, browsers and builds share the machine."""

PATIENCE_S = 120.0
