"""Whether random examples are the same every time: everywhere but in `make test-deep`."""

from __future__ import annotations

import os

FIXED = "COUNTERFLOW_FRESH" not in os.environ
