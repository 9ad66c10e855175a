"""What a server is told: file, environment and flags, in one frozen value, with the origin of each field."""
