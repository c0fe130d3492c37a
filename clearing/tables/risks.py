"""Tables of the risks that reserves cover, and of reserve shared over links."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clearing.session.cleared import Cleared
from clearing.tables.frames import stamps
from network.arrays import Floats, Positions

__all__ = ["reserve_shared", "risk_slacks", "risks_covered"]

_ZERO_PRICE = 1e-7


def risks_covered(c: Cleared) -> pd.DataFrame:
    """Risks with a price or short, and the largest of each product, zone and interval."""
    day, rows = c.day, c.compiled.market.risks
    risks = day.reserves.risks
    if rows is None:
        return pd.DataFrame()
    values = _values(c)
    supply = c.compiled.market.supply
    assert supply is not None
    own = values[supply.variable[risks.interval, risks.product, risks.zone]]
    risk, received = rows.risk.values(values), rows.received.values(values)
    component = c.compiled.rows(c.compiled.market.model.risk_cover)
    shadow = np.maximum(c.row_dual[component] / day.hours, 0.0)
    short = np.maximum(risk - own - received, 0.0)
    short = np.where(short > day.rulebook.security.tolerance_mw, short, 0.0)
    place = pd.Series(np.ravel_multi_index((risks.interval, risks.product, risks.zone), _shape(c)))
    largest = pd.Series(risk).groupby(place).transform("max").to_numpy() - 1e-9 <= risk
    at = np.flatnonzero((shadow > _ZERO_PRICE) | (short > 0.0) | largest)
    names = pd.Index(risks.names, dtype="str")
    return pd.DataFrame(
        {
            **stamps(day, risks.interval[at]),
            "product": day.reserves.products.take(risks.product[at]),
            "zone": day.reserves.zones.take(risks.zone[at]),
            "risk": names.take(at),
            "setter": pd.Index(risks.setter, dtype="str").take(at),
            "risk_mw": risk[at],
            "own_mw": own[at],
            "received_mw": received[at],
            "short_mw": short[at],
            "shadow_price": shadow[at],
        }
    )


def reserve_shared(c: Cleared) -> pd.DataFrame:
    """What zones sent each other, what arrived and what of it counted."""
    day, shared = c.day, c.compiled.market.sharing
    if shared is None:
        return pd.DataFrame()
    rules, x = day.reserves.sharing, _values(c)
    flow = float(shared.flow.values(x)[0])
    zones = day.reserves.zones
    return pd.DataFrame(
        {
            **stamps(day, rules.interval),
            "product": day.reserves.products.take(rules.product),
            "from_zone": zones.take(rules.source),
            "to_zone": zones.take(rules.sink),
            "flow_mw": np.where(rules.source == shared.source, flow, -flow),
            "sent_mw": x[shared.sent] + x[shared.extra],
            "arrives_mw": x[shared.arrives],
            "received_mw": x[shared.received],
        }
    )


def risk_slacks(c: Cleared) -> Iterator[pd.DataFrame]:
    """Risks that are not covered, as rows of the table of slacks."""
    day, rows = c.day, c.compiled.market.risks
    if rows is None:
        return
    risks, tolerance = day.reserves.risks, day.rulebook.security.tolerance_mw
    products, zones = day.reserves.products, day.reserves.zones
    mw = np.maximum(c.values("risk_shortage"), 0.0)
    place, of = np.unique(rows.shortage, return_inverse=True)
    total, cost = (
        np.asarray(np.bincount(of, worth, len(place)), dtype=np.float64)
        for worth in (mw, mw * rows.price)
    )
    at = np.flatnonzero(total > tolerance)
    when, product, zone = np.unravel_index(place[at], _shape(c))
    yield _rows(
        when,
        [
            f"{name}:{where}" if where else name
            for name, where in zip(products.take(product), zones.take(zone), strict=True)
        ],
        products.take(product),
        zones.take(zone),
        total[at],
        cost[at] / total[at],
    )
    over = np.maximum(c.values("risk_uncovered"), 0.0)
    at = np.flatnonzero(over > tolerance)
    own = rows.own[at]
    yield _rows(
        risks.interval[own],
        [
            f"{risks.names[k]}:{products[risks.product[k]]}:{zones[risks.zone[k]]}"
            for k in own.tolist()
        ],
        products.take(risks.product[own]),
        zones.take(risks.zone[own]),
        over[at],
        risks.penalty[own],
    )


def _rows(
    when: Positions,
    names: list[str],
    product: pd.Index[str],
    zone: pd.Index[str],
    mw: Floats,
    penalty: Floats,
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "interval": when,
            "constraint": pd.Series(names, dtype="str"),
            "contingency": "",
            "kind": "reserve",
            "direction": "shortage",
            "element": product,
            "zone": zone,
            "minutes": np.nan,
            "mw": mw,
            "penalty": penalty,
        }
    )


def _shape(c: Cleared) -> tuple[int, int, int]:
    real = c.day.reserves
    return c.day.intervals, len(real.products), len(real.zones)


def _values(c: Cleared) -> Floats:
    """Values of the market's variables, by position."""
    count = len(c.compiled.market.variables)
    return np.asarray(c.solution.x[c.compiled.column_of(np.arange(count))])
