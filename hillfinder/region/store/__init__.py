"""The files of a scan: cells, their streets, the dataset of hills."""
