"""Areas of kind pocket: what lies behind a named limit, or behind whatever binds."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from cases.case import Case
from cases.errors import InputError
from cases.files.convert import nearest
from cases.rulebook.areas import AreaRules
from network import Grid, Slack
from network.arrays import Booleans
from network.behind import behind
from network.sensitivities import constraint_ptdf

__all__ = ["PocketFinder"]


class PocketFinder:
    """Buses behind the limits of a case, (B,) or (T, B)."""

    def __init__(self, case: Case) -> None:
        self.case = case

    @cached_property
    def grid(self) -> Grid:
        """The grid of the case."""
        return Grid.from_case(self.case)

    def always(self, area: AreaRules) -> Booleans:
        """Buses behind one of the limits that an area names, (B,).

        Raises
        ------
        InputError
            The area names none, or one that the grid does not have.
        """
        names = [*self.grid.branches, *self.grid.interfaces]
        unknown = [name for name in area.constraints if name not in names]
        if unknown or not area.constraints:
            message = "an area behind its constraints must name them, or be active while they bind"
            if unknown:
                hint = nearest(unknown[0], names)
                message = f"there is no branch or interface {unknown[0]}{hint}"
            raise InputError.one("rulebook", None, "constraints", "area", message)
        slack = Slack.from_case(self.case, self.grid)
        found = np.zeros(len(self.grid.buses), dtype=bool)
        for name in area.constraints:
            pocket = behind(self.grid, name, -constraint_ptdf(self.grid, name, None, slack))
            if pocket is not None:
                found[pocket.pocket.positions] = True
        return found

    def binding(self, terms: pd.DataFrame) -> Booleans:
        """Buses of load pockets behind limits while these bind, (T, B).

        ``terms`` are rows of ``price_terms``. A limit that holds back what an area sends out has
        no load pocket behind it.
        """
        starts = self.case.interval_starts
        found = np.zeros((len(starts), len(self.grid.buses)), dtype=bool)
        keys = ["interval_start", "constraint", "contingency"]
        known: dict[tuple[str, str, bytes], np.ndarray] = {}
        for (start, limit, after), rows in terms.groupby(keys, sort=False):
            name, outage = str(limit), str(after)
            dfax = np.zeros(len(self.grid.buses))
            dfax[self.grid.bus_positions(rows["bus"])] = rows["dfax"].to_numpy(dtype=float)
            key = (name, outage, np.round(dfax, 9).tobytes())
            if key not in known:
                pocket = behind(self.grid, name, dfax, outage)
                load = pocket is not None and pocket.imports
                known[key] = pocket.pocket.positions if load and pocket else np.zeros(0, np.intp)
            found[starts.get_indexer(pd.Index([start]))[0], known[key]] = True
        return found
