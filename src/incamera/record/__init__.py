"""The journals of a meeting, as bytes: what a kind means is not known here."""
