"""The tasks of a scan, and the workers that do them."""
