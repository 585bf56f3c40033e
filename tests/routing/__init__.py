"""Tests of hillfinder.routing."""
