"""Streets and trails: from Overpass, a file or a graph to one ``StreetNetwork``."""
