"""``python tools/servers``: install every server now, rather than when a test first needs it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from servers.installing import PIECES, install

for name in PIECES:
    print(f"{name}: {install(name)}")
