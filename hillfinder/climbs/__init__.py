"""Climbs."""
