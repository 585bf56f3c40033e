"""Tests of hillfinder.cli."""
