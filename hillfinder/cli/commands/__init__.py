"""The commands, each in a module with its options."""
