"""A fictional town whose grades are known exactly: for the demo, and as the truth for tests."""
