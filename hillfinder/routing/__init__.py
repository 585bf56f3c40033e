"""Times and ways on foot: shortest paths, loops, the warm-up and the way home."""
