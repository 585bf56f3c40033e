"""How fast and how large, beside the plain OSMnx way: ``pytest tests/benchmarks``."""
