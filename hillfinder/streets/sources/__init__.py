"""Where streets come from: Overpass, files, and graphs of OSMnx."""
