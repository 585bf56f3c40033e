"""What a caller holds: hills, one hill, a session on it, measured lines."""
