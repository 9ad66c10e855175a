"""The order of business: what acts mean, who may do what, and what state follows. Pure."""
