"""``python -m glacier.runtime``: run one task in a container, and end."""

from __future__ import annotations

import sys

from glacier.runtime.entry import main

if __name__ == "__main__":
    sys.exit(main())
