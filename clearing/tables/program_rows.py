"""The rows that the programs of a run hold, by name: from these a run that is read makes them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clearing.limits.names import rows_table
from clearing.limits.network import NetworkLimits
from clearing.program.program import Program

__all__ = ["program_rows"]


def program_rows(programs: dict[str, tuple[Program, NetworkLimits]]) -> pd.DataFrame:
    """Limits of the grid and ramps in each program."""
    parts = []
    for name, (program, network) in programs.items():
        closed = program.closed
        soft = np.ones(len(program.soft), dtype=bool) if closed is None else ~closed
        frame = rows_table(network, program.soft.rows)
        frame.insert(0, "program", name)
        parts.append(frame.assign(soft=soft))
    return pd.concat(parts, ignore_index=True)
