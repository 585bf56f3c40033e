"""What a scan keeps: cells, their streets, the dataset of hills."""
