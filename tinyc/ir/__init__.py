"""The intermediate representation: typed values, operators, graphs, their text form and their meaning."""
