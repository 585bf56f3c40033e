"""``python -m hillfinder``: the same as the command ``hillfinder``."""

import sys

from hillfinder.cli import main

if __name__ == "__main__":
    sys.exit(main())
