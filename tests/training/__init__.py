"""Tests of hillfinder.training."""
