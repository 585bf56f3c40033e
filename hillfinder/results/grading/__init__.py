"""Read and measure lines that you have already."""
