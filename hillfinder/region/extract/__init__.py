"""Read a whole OpenStreetMap extract and partition it into cells."""
