"""Pictures: the page, the figure, profiles and maps."""
