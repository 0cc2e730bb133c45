"""`python -m wildaffect` is the command `wildaffect`."""

import sys

from wildaffect.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
