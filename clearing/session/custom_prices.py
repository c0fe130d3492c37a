"""What the user's own constraints do to prices: shadow prices, and their terms of the LMP.

A row ``sum over v of a_v * v + ... <= limit`` over flows and injections v has the shadow price
mu >= 0 in its binding direction d (+1 upper, -1 lower) and the sensitivity s_b = sum over v of
a_v * weight_vb to what enters bus b. It adds ``-d * mu * s_b`` to the LMP there: a term of
congestion like any other. Outputs of units and what loads, links and storage do are their own
matter: such a term changes what they want at a price, not the price.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clearing.formulation.custom import CustomRows
from clearing.program.compiled import Compiled
from network.arrays import Flags, Floats, Positions

__all__ = [
    "CustomPlaces",
    "CustomTerms",
    "custom_duals",
    "custom_terms",
    "definition_rows",
    "shadow_prices",
]

_ZERO = 1e-7


@dataclass(frozen=True, eq=False)
class CustomTerms:
    """Terms of prices by the user's own constraints, K of them."""

    names: list[str]
    interval: Positions
    """Interval whose prices a term belongs to, (K,)."""
    direction: Positions
    """+1 where the upper limit binds, -1 for the lower one, (K,)."""
    shadow: Floats
    """Shadow prices as `constraints` has them, (K,)."""
    sensitivity: Floats
    """Amount of the row per MW injected at each bus, (K, B), so that the product is per MWh."""

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def none(cls, buses: int) -> CustomTerms:
        """No terms."""
        empty = np.zeros(0, dtype=np.intp)
        return cls([], empty, empty, np.zeros(0), np.zeros((0, buses)))

    def on_lmp(self, shape: tuple[int, ...]) -> Floats:
        """What they add to the LMPs, (T, B), money per MWh."""
        total = np.zeros(shape)
        worth = -self.direction * self.shadow
        np.add.at(total, self.interval, worth[:, None] * self.sensitivity)
        return total


def custom_duals(compiled: Compiled, custom: CustomRows, row_dual: Floats) -> Floats:
    """Duals of rows as the solver has them, money per unit of the row, (R,)."""
    dual = np.zeros(len(custom.names))
    component = getattr(compiled.market.model, custom.component)
    dual[custom.used] = row_dual[compiled.rows(component)]
    return dual


def definition_rows(compiled: Compiled) -> Positions:
    """Rows that define flows and injections, in the order of `FlowVariables.variable`, (A,)."""
    market = compiled.market
    names = [name for name in ("flow_definition", "injection_definition") if name in market.rows]
    none = np.zeros(0, dtype=np.intp)
    return np.concatenate([none, *(compiled.rows(getattr(market.model, n)) for n in names)])


def shadow_prices(custom: CustomRows, dual: Floats, hours: float) -> Floats:
    """Shadow prices, (R,): per hour for limits of one interval in MW, else per unit of the row."""
    return np.abs(dual) / np.where(custom.hourly, hours, 1.0)


def custom_terms(compiled: Compiled, row_dual: Floats) -> CustomTerms:
    """Terms of all rows that bind and speak of flows or injections, by interval."""
    market = compiled.market
    flows, hours = market.flows, market.day.hours
    parts = []
    for custom in market.custom if flows is not None else ():
        assert flows is not None
        dual = custom_duals(compiled, custom, row_dual)
        shadow = shadow_prices(custom, dual, hours)
        place = np.full(len(market.variables), -1, dtype=np.intp)
        place[flows.variable] = np.arange(len(flows.variable))
        entry = np.flatnonzero((place[custom.body.variable] >= 0) & _binds(shadow, custom))
        if not len(entry):
            continue
        row, flow = custom.body.row[entry], place[custom.body.variable[entry]]
        pairs = np.stack([flows.interval[flow], row])
        distinct, which = np.unique(pairs, axis=1, return_inverse=True)
        sensitivity = np.zeros((distinct.shape[1], flows.weights.shape[1]))
        amount = custom.body.coefficient[entry, None] * flows.weights[flows.weight_of[flow]]
        np.add.at(sensitivity, which.reshape(-1), amount)
        when, of = distinct
        # A row that is not per hour has a shadow price per its own unit: bring it to MWh here.
        sensitivity /= np.where(custom.hourly[of], 1.0, hours)[:, None]
        parts.append((of, when, custom, dual, shadow, sensitivity))
    if not parts:
        return CustomTerms.none(len(market.day.grid.buses))
    return CustomTerms(
        [custom.names[k] for of, _, custom, *_ in parts for k in of.tolist()],
        np.concatenate([when for _, when, *_ in parts]).astype(np.intp),
        np.concatenate([np.where(dual[of] < 0.0, 1, -1) for of, _, _, dual, *_ in parts]),
        np.concatenate([shadow[of] for of, _, _, _, shadow, _ in parts]),
        np.concatenate([sensitivity for *_, sensitivity in parts]),
    )


def _binds(shadow: Floats, custom: CustomRows) -> Flags:
    binds: Flags = shadow[custom.body.row] > _ZERO
    return binds


@dataclass(frozen=True, eq=False)
class CustomPlaces:
    """Where some of the user's own constraints stand in a solved market, (M,) each."""

    asked: Positions
    """Which of the names that were looked for each one is."""
    row: Positions
    """Row of the compiled market."""
    amount: Floats
    """What each amounts to at the solution."""

    @classmethod
    def of(cls, compiled: Compiled, x: Floats, names: list[str], first: Positions) -> CustomPlaces:
        """Look for constraints by name and first interval at a solution (n,)."""
        market = compiled.market
        values = x[compiled.column_of(np.arange(len(market.variables)))]
        wanted: dict[tuple[str, int], list[int]] = {}
        for k, key in enumerate(zip(names, first.tolist(), strict=True)):
            wanted.setdefault(key, []).append(k)
        found: list[tuple[int, int, float]] = []
        for custom in market.custom:
            rows = compiled.rows(getattr(market.model, custom.component)).tolist()
            amount = custom.body.values(values)
            for row, k in zip(rows, custom.used.tolist(), strict=True):
                key = (custom.names[k], int(custom.first[k]))
                found += [(at, row, float(amount[k])) for at in wanted.get(key, [])]
        asked, row, amounts = list(zip(*found, strict=True)) or [(), (), ()]
        return cls(
            np.array(asked, dtype=np.intp),
            np.array(row, dtype=np.intp),
            np.array(amounts, dtype=float),
        )
