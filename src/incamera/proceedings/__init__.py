"""The running meeting: the one place where record, meeting and media meet."""
