"""Scan a whole extract into a dataset of hills, and search in that."""
