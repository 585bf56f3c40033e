"""Tests of hillfinder.results."""
