"""The session: what it asks of a hill, how it is run, and what to mind."""
