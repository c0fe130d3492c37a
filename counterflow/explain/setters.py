"""The setters of a price as rows: what moves for one MW more, in the words of the market."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from cases import Run
from clearing.session.columns import EXCESS, Named
from clearing.session.setters import Move, Mover, Turn

__all__ = ["SETTER_COLUMNS", "Setters", "limit_text"]

SETTER_COLUMNS = (
    "kind",
    "name",
    "owner",
    "bus",
    "interval_start",
    "mw",
    "price",
    "edge",
    "coefficient",
    "amount",
)

_KIND = {
    "p": "unit",
    "block": "unit",
    "part": "unit",
    "on": "commitment",
    "start": "commitment",
    "stop": "commitment",
    "match": "commitment",
    "bid": "bid",
    "virtual": "virtual",
    "charge": "storage",
    "discharge": "storage",
    "link": "link",
    "link_back": "link",
    "reserve": "reserve",
    "shortage": "shortage",
    "surplus": "surplus",
    EXCESS: "penalty",
}
"""Kind of what a family of columns belongs to; with a price, any other one is a penalty."""

_TURNED = {"bid", "charge", "virtual", "surplus"}
"""Families that are worth their price rather than cost it: they move the other way round."""

_OWN_NAME = {"on": "{0} on line", "start": "start of {0}", "stop": "stop of {0}"}


@dataclass(frozen=True, eq=False)
class Setters:
    """Writes the moves of a run's program as rows and texts."""

    run: Run

    def rows(self, move: Move, share: float = 1.0) -> tuple[dict[str, Any], ...]:
        """Who moves, the largest coefficient first; coefficient * price = amount.

        Columns are `SETTER_COLUMNS`: MW moved per MW more at the place, money per MWh. What is
        worth its price (bids, dec virtuals, charging) counts with what it gives up. Devices
        without a price (links, storage, units that are tied to others) have the amount 0.

        Parameters
        ----------
        share
            Factor on all coefficients, where a price is made of two sides.
        """
        made_up = {m.name.key[:2] for m in move.movers if m.name.family == "block"}
        rows = []
        for mover in move.movers:
            family = mover.name.family
            part_of_blocks = family == "p" and mover.name.key in made_up
            if part_of_blocks or (mover.price == 0.0 and family not in _KIND):
                continue
            rows.append(self._row(mover, share))
        rows.sort(key=lambda row: -abs(row["coefficient"]))
        return tuple(rows)

    def _row(self, mover: Mover, share: float) -> dict[str, Any]:
        name = mover.name
        family, key = name.family, name.key
        sign = -1.0 if family in _TURNED else 1.0
        if family == "virtual":
            sign = -1.0 if self._kinds.get(str(key[0])) != "inc" else 1.0
        kind = _KIND.get(family, "penalty")
        owner, bus = self._place(kind, key)
        coefficient = sign * mover.per_mw * share
        price = sign * mover.price + 0.0
        return {
            "kind": kind,
            "name": _setter_name(name),
            "owner": owner,
            "bus": bus,
            "interval_start": self._start(name.interval),
            "mw": self._level(mover),
            "price": price,
            "edge": mover.edge,
            "coefficient": coefficient,
            "amount": coefficient * price,
        }

    def _start(self, interval: int) -> Any:
        """Start of an interval; NaT for what belongs to no single one."""
        return self._starts[interval] if interval >= 0 else pd.NaT

    @cached_property
    def _starts(self) -> list[pd.Timestamp]:
        return list(self.run.case.interval_starts)

    def _place(self, kind: str, key: tuple[Any, ...]) -> tuple[str, str]:
        """Owner and bus of what moves; blanks where it has none."""
        table = {"commitment": "unit", "reserve": "unit", "bid": "load"}.get(kind, kind)
        return self._places.get((table, str(key[0])), ("", "")) if key else ("", "")

    @cached_property
    def _places(self) -> Mapping[tuple[str, str], tuple[str, str]]:
        found: dict[tuple[str, str], tuple[str, str]] = {}
        for kind, table, bus in (
            ("unit", "units", "bus"),
            ("load", "loads", "bus"),
            ("storage", "storage", "bus"),
            ("virtual", "virtuals", "bus"),
            ("link", "links", "from_bus"),
        ):
            own = self.run.case.tables[table]
            owners = own["owner"] if "owner" in own else pd.Series("", index=own.index)
            for name, owner, at in zip(own[kind], owners, own[bus], strict=True):
                found.setdefault((kind, str(name)), (str(owner), str(at)))
        return found

    @cached_property
    def _kinds(self) -> Mapping[str, str]:
        table = self.run.case.tables["virtuals"]
        return dict(zip(table["virtual"].astype(str), table["kind"].astype(str), strict=True))

    @cached_property
    def _output(self) -> Mapping[tuple[str, pd.Timestamp], float]:
        table = self.run.dispatch
        keys = zip(table["unit"], table["interval_start"], strict=True)
        return dict(zip(keys, table["mw"].tolist(), strict=True))

    def _level(self, mover: Mover) -> float:
        """MW that it stands at: the output of a unit, not that of its block."""
        if _KIND.get(mover.name.family) == "unit" and mover.name.interval >= 0:
            key = (str(mover.name.key[0]), self._start(mover.name.interval))
            return self._output.get(key, mover.level)
        return mover.level

    def turn_text(self, turn: Turn) -> str:
        """Say what ends a move: a block that is full, a limit that is met."""
        if turn.name is None:
            return "nothing that the clearing knows of"
        name, end = turn.name, "upper" if turn.upper else "lower"
        family, key = name.family, name.key
        if family in ("block", "part"):
            what = "is full" if turn.upper else "is empty"
            text = f"block {key[2]} of {key[0]} {what}"
        elif family == "p":
            text = f"{key[0]} meets the {end} end of its offer"
        elif family == "bid":
            text = f"block {key[2]} of the bid of {key[0]} is {'served' if turn.upper else 'out'}"
        elif family in ("charge", "discharge", "energy", "virtual", "link", "link_back"):
            what = {"energy": "the energy in "}.get(family, f"{family.replace('_back', '')} of ")
            text = f"{what}{key[0]} meets its {end} limit"
        elif family == EXCESS:
            text = f"{limit_text(name)} is kept again"
        elif _KIND.get(family):
            text = f"{_setter_name(name)} meets its {end} limit"
        else:
            text = f"{limit_text(name)} binds"
        return text

    def when(self, name: Named, here: int) -> str:
        """Where a name belongs to another interval than `here`, say which."""
        if name.interval in (-1, here):
            return ""
        return f" at {self._start(name.interval):%Y-%m-%d %H:%M}"


def _setter_name(name: Named) -> str:
    family, key = name.family, name.key
    if family == "reserve":
        return f"{key[0]} {key[1]}"
    if family in ("shortage", "surplus"):
        return "balance"
    if family == "reserve_shortage":
        return f"{key[0]} reserve" + (f" in {key[1]}" if key[1] else "")
    if family == EXCESS:
        return limit_text(name)
    if family in _OWN_NAME:
        return _OWN_NAME[family].format(key[0])
    return str(key[0]) if key else family


def limit_text(name: Named) -> str:
    """Name a limit for people: ``D-E after L1``, ``ramp_up:COAL``, ``energy_limit HYDRO``."""
    family, key = name.family, name.key
    if family in (EXCESS, "limit"):
        constraint, contingency, _ = key
        return f"{constraint} after {contingency}" if contingency else str(constraint)
    if family == "given_ramp":
        return f"ramp_{key[2]}:{key[0]}"
    if family == "stored_energy":
        return f"energy in {key[0]}"
    if family == "energy_limit":
        return f"energy budget of {key[0]}"
    if family == "reserve_requirement":
        return f"requirement of {key[0]}" + (f" in {key[1]}" if key[1] else "")
    if family in ("custom_limit", "extension_limit"):
        return str(key[0])
    words = [str(part) for k, part in enumerate(key) if not (k and isinstance(part, int))]
    return " ".join([family.replace("_", " "), *words]).strip()
