"""One raster file: how it is opened, and what it says of itself."""
