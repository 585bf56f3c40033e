"""Tests of hillfinder.output."""
