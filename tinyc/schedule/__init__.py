"""When what is computed."""
