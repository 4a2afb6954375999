"""Rewrites of the graph, one small pass a file. None of them names an operator: they ask the contract."""
