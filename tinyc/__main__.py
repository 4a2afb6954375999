"""`python -m tinyc` is the command `tinyc`."""

import sys

from tinyc.cli import main

if __name__ == "__main__":
    sys.exit(main())
