"""Who may be in the room: keys, signatures, statements, the charter and the invitation. Pure."""
