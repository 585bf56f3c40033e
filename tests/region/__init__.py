"""Tests of hillfinder.region."""
