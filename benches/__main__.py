"""`python -m benches`: see run.py."""

from benches.run import app

app()
