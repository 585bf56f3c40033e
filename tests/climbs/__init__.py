"""Tests of hillfinder.climbs."""
