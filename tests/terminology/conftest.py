"""The folder of this file is importable: the tests share the small official files made in it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
