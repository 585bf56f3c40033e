"""Find the climbs of a street network, rank and name them, and say what came near."""
