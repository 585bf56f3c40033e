"""Tests of hillfinder.elevation."""
