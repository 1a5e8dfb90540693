"""``python tools/servers``: install every server now, rather than when a test first needs it, or only those named."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from servers import installing

for name in sys.argv[1:] or installing.PIECES:
    print(installing.deployed() if name == "python" else installing.install(name))
