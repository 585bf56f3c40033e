"""All knowledge of OpenStreetMap tags."""
