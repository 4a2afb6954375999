"""What runs when, and where everything lies: kernels, steps, buffers and the plan of the arena."""
