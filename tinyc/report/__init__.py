"""What was found, for people: text that is safe to print, tables, and the summary of a compilation."""
