"""Lines that somebody has already, read and measured."""
