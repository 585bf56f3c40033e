"""Tests of hillfinder.services."""
