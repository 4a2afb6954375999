"""The compiler as a whole: the phases, the folder that a compilation writes, and what can be done with it."""
