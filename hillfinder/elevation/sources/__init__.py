"""Where heights come from: files, cloud-optimised GeoTIFFs, tiles."""
