"""Started as a folder: `python examples/paper`, from anywhere."""

import sys
from pathlib import Path

# the folder above, in place of this one: modules called maps or costs hide no others
sys.path[0] = str(Path(__file__).resolve().parents[1])

from paper.command import main

if __name__ == "__main__":
    main()
