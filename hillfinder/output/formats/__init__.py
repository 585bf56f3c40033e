"""Files: one format in each module."""
