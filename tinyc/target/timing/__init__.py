"""Estimates of cycles from what was executed: instructions, the cores' timings by their manuals, and flash that waits.

`instructions` reads code, `cortex_m4` and `cortex_m7` say what a run of instructions costs, `flash` what fetching adds,
and `estimate` puts them together for blocks and how often each ran.
"""
