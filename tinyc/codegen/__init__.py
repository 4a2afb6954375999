"""From the final graph to C: kernel selection, memory, and text."""
