"""`python -m wildaffect` is the command `wildaffect`."""

import sys

from wildaffect.cli.main import program

if __name__ == "__main__":
    sys.exit(program())
