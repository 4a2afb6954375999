"""How operators are computed, core by core: packed weights and calls of tinyc's kernels. One file a C kernel."""
