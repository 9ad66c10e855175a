"""`incamera demo`: a throw-away meeting, for one person alone or for friends on one network."""
