"""All the hills of a region: from an extract to a dataset of hills, and back to a search."""
