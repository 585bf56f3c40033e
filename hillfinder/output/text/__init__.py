"""All prose: the table, the card and their phrases."""
