"""Runnable examples, one topic a folder; run them from the project's root with `python -m examples.TOPIC.SCRIPT`."""
