"""Running what was compiled: on the host, in the emulator."""
