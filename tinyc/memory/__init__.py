"""Placing buffers in memory. Plain data in, plain data out; knows nothing of graphs."""
