"""Streets on disk: networks as bytes, and the cache of areas."""
