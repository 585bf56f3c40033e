"""What a caller gets: hills, one hill, a workout on it, measured lines."""
