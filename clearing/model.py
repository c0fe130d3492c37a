"""The model behind a run: open for inspection, and alive for the next pass."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import pyomo.environ as pyo

from clearing.formulation.market import linear
from clearing.live import LiveModel
from clearing.results import Cleared, _row_names
from clearing.security import Loop

__all__ = ["ClearedModel"]


class ClearedModel:
    """What `run.model` is: the Pyomo model, the live solver and the solved day."""

    def __init__(self, cleared: Cleared, live: LiveModel, loop: Loop) -> None:
        self.cleared = cleared
        self.live = live
        self.loop = loop
