"""How near to the truth the grades are: ``python -m tests.accuracy`` prints one table."""
