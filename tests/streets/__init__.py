"""Tests of hillfinder.streets."""
