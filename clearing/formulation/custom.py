"""The user's own constraints: rows of the case's tables, and what an extension adds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cases import InputError, NoClearing
from clearing.day.custom_limits import CustomLimits, Entries
from clearing.day.extension import Extension
from clearing.formulation.flow_variables import FlowVariables
from clearing.formulation.market import Market
from clearing.formulation.order import family
from clearing.formulation.terms import Terms
from network.arrays import Flags, Floats, Positions

__all__ = ["CustomRows", "define_custom", "quantity"]

_NOTHING = 1e-12
_KEPT = 1e-6
"""Amount by which constants may miss a limit that nothing can move."""


@dataclass(frozen=True, eq=False)
class CustomRows:
    """Rows of one source in a market, R of them."""

    component: str
    """The Pyomo constraint that has them."""
    used: Positions
    """Rows that some variable enters, in the order of the component."""
    names: list[str]
    first: Positions
    """First interval that each row speaks of, (R,)."""
    last: Positions
    hourly: Flags
    """Whether a row is a limit of one interval in MW, (R,): its shadow price is per hour."""
    body: Terms
    """What is limited, without what exceeds the limit."""
    low: Floats
    high: Floats
    over: Positions
    """Variable of what lies above the limit, (R,); -1 where there is none."""
    under: Positions
    penalty: Floats
    """Money per MWh beyond the limit, (R,)."""


@family(needs=("output", "bids", "links", "storage", "reserves", "shortage"))
def define_custom(market: Market) -> None:
    """Define the user's own constraints, in dispatch and commitment alike.

        low[k,t] <= sum over terms of coefficient * quantity[t]
            - custom_over[k,t] + custom_under[k,t] <= high[k,t]                    (custom limit)
        custom_over, custom_under >= 0, at the penalty of the constraint

    Rows of an extension are hard and stand as they were written; its variables and costs join
    the program. Flows and injections that are asked for are variables (`FlowVariables`), whose
    definitions bring the shadow prices of the rows into the LMPs.
    """
    limits, extension = market.day.custom, market.day.extension
    if not len(limits) and extension is None:
        return
    _refuse_losses(market)
    flows = FlowVariables.define(
        market, _asked(limits, extension, "flow"), _asked(limits, extension, "injection")
    )
    market.flows = flows
    if len(limits):
        market.custom.append(_define_limits(market, limits, flows))
    if extension is not None:
        market.custom.append(_define_extension(market, extension, flows))


def _asked(
    limits: CustomLimits, extension: Extension | None, quantity: str
) -> tuple[Positions, Positions]:
    """Elements and intervals of a quantity that some row asks for."""
    entries = [limits.entries.get(quantity)]
    entries.append(None if extension is None else extension.entries.get(quantity))
    found = [(e.element, e.interval) for e in entries if e is not None]
    if not found:
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    element, interval = (np.concatenate(part) for part in zip(*found, strict=True))
    pairs = np.unique(np.stack([interval, element]), axis=1)
    return pairs[1], pairs[0]


def _refuse_losses(market: Market) -> None:
    day = market.day
    if day.rulebook.losses.method != "marginal":
        return
    if "flow" in day.custom.entries or (day.extension and "flow" in day.extension.entries):
        message = (
            f"{day.rulebook.losses.method} losses change flows with every state of the grid: "
            "custom constraints on branch flows need losses.method = none or chords"
        )
        raise InputError.one("", None, "losses.method", "not_available", message)


def _define_limits(market: Market, limits: CustomLimits, flows: FlowVariables) -> CustomRows:
    keys = list(zip(limits.names, limits.interval.tolist(), strict=True))
    body = _body(market, limits.entries, len(limits), flows)
    over = _slack(market, limits, "custom_over", keys, np.isfinite(limits.high))
    under = _slack(market, limits, "custom_under", keys, np.isfinite(limits.low))
    total = body - Terms.of(over) + Terms.of(under)
    market.constrain("custom_limit", keys, total, limits.low, limits.high)
    return CustomRows(
        "custom_limit",
        np.arange(len(limits)),
        limits.names,
        limits.interval,
        limits.interval,
        np.ones(len(limits), dtype=bool),
        body,
        limits.low,
        limits.high,
        over,
        under,
        limits.penalty,
    )


def _slack(
    market: Market, limits: CustomLimits, name: str, keys: list[tuple[str, int]], there: Flags
) -> Positions:
    """Define what lies beyond limits, (N,): at the rulebook's penalty, or at a price of its own.

    A price of its own is one that the user is ready to pay, in a commitment too; the rulebook's
    penalty is a last resort, which no start is cheaper than.
    """
    variable = np.full(len(limits), -1, dtype=np.intp)
    at = np.flatnonzero(there & limits.by_rulebook)
    variable[at] = market.define_slack(name, [keys[k] for k in at.tolist()], "custom").at
    at = np.flatnonzero(there & ~limits.by_rulebook)
    none, free = np.zeros(len(at)), np.full(len(at), np.inf)
    priced = market.define(f"{name}_priced", [keys[k] for k in at.tolist()], none, free)
    market.pay(priced.at, limits.penalty[at])
    variable[at] = priced.at
    return variable


def _define_extension(market: Market, extension: Extension, flows: FlowVariables) -> CustomRows:
    """Write an extension's rows, variables and costs."""
    count = extension.cost_row
    variables = _define_variables(market, extension)
    entries = [(row, variables[k], value) for row, k, value in extension.own]
    row, variable, value = list(zip(*entries, strict=True)) or [(), (), ()]
    own = Terms.build(
        count + 1,
        np.array(row, dtype=np.intp),
        np.array(variable, dtype=np.intp),
        np.array(value, dtype=float),
    )
    body = _merged(_body(market, extension.entries, count + 1, flows) + own, market)
    cost = body[np.array([count])]
    _check_cost(market, flows, cost)
    market.charge(cost.variable, cost.coefficient)
    cost = cost + Terms.constants(np.array([extension.constant_cost]))
    market.constant_cost += float(cost.constant[0]) / market.day.hours
    market.extension_cost = cost
    body = body[np.arange(count)]
    used = np.flatnonzero(np.bincount(body.row, minlength=count))
    _check_constants(extension, body, used)
    keys = [
        (name, "equal" if low == high else "upper" if np.isfinite(high) else "lower")
        for name, low, high in zip(
            extension.rows, extension.low.tolist(), extension.high.tolist(), strict=True
        )
    ]
    market.constrain("extension_limit", keys, body, extension.low, extension.high)
    none = np.full(count, -1, dtype=np.intp)
    return CustomRows(
        "extension_limit",
        used,
        extension.rows,
        extension.first,
        extension.last,
        extension.hourly,
        body,
        extension.low,
        extension.high,
        none,
        none,
        np.full(count, np.inf),
    )


def _define_variables(market: Market, extension: Extension) -> Positions:
    """Define the extension's own variables; whole ones are data where states are.

    Gives their positions, (V,).
    """
    place = np.empty(len(extension.variables), dtype=np.intp)
    for name, chosen, integer in (
        ("extension_variable", ~extension.whole, False),
        ("extension_whole", extension.whole, True),
    ):
        at = np.flatnonzero(chosen)
        low, high = extension.least[at], extension.most[at]
        if integer and len(at) and not market.commits:
            low = high = _held(market, extension)[at]
        keys = [extension.variables[k] for k in at.tolist()]
        place[at] = market.define(name, keys, low, high, integer=integer and market.commits).at
    return place


def _held(market: Market, extension: Extension) -> Floats:
    """Values of whole-number variables that the commitment decided, (V,)."""
    given = None if market.day.commitment is None else market.day.commitment.whole
    if given is None or len(given) != len(extension.variables):
        name = extension.variables[int(np.argmax(extension.whole))]
        message = (
            f"variable {name} takes whole numbers, which only a commitment decides: clear with "
            "commitment, or give it a value with fix"
        )
        raise InputError.one("", None, "extend", "whole_numbers", message)
    return given


def _check_cost(market: Market, flows: FlowVariables, cost: Terms) -> None:
    """Refuse a price on a flow or an injection: no constraint would carry it into the LMP."""
    at = np.flatnonzero(np.isin(cost.variable, flows.variable))
    if len(at):
        name = market.variables[int(cost.variable[at[0]])].name
        message = (
            f"a cost on {name}: add a variable, a constraint that sets it to {name}, and the cost "
            "of that variable"
        )
        raise InputError.one("", None, "extend", "cost_of_flow", message)


def _check_constants(extension: Extension, body: Terms, used: Positions) -> None:
    """Name rows that nothing can move and that do not hold."""
    fixed = np.ones(len(body), dtype=bool)
    fixed[used] = False
    value = body.constant
    size = _KEPT * np.maximum(1.0, np.abs(value))
    broken = fixed & ((value < extension.low - size) | (value > extension.high + size))
    at = np.flatnonzero(broken).tolist()
    if at:
        raise NoClearing(
            "no clearing: limits of the extension do not hold and nothing can change that",
            tuple(
                f"{extension.rows[k]}: {value[k]:g}, limits {extension.low[k]:g} to "
                f"{extension.high[k]:g}"
                for k in at
            ),
        )


def _body(market: Market, entries: dict[str, Entries], count: int, flows: FlowVariables) -> Terms:
    """Sum the terms by row, (count,)."""
    parts = [Terms.zeros(count)]
    for name, own in entries.items():
        if name in ("flow", "injection"):
            terms = flows.terms(name, own.element, own.interval)
        else:
            terms = quantity(market, name, own)
        parts.append((terms * own.coefficient).summed(own.row, count))
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return _merged(total, market)


def quantity(market: Market, name: str, own: Entries) -> Terms:
    """A quantity of elements in intervals, one row each."""
    day = market.day
    if name in ("output", "on", "start", "stop"):
        of_units: Terms = getattr(market, name)
        return of_units[own.interval * len(day.units) + own.element]
    if name == "load":
        bids = day.bids
        row = bids.interval * len(day.loads) + bids.of
        taken = Terms.build(
            day.demand.size, row, market.families["bid"].at, 1.0, day.demand.ravel()
        )
        return taken[own.interval * len(day.loads) + own.element]
    if name == "reserve":
        return _awards(market, own)
    total = Terms.zeros(len(own.row))
    table = day.case.tables["links" if name == "link" else name]
    ids = table[name].to_numpy(dtype=object)[own.element].tolist()
    keys = list(zip(ids, own.interval.tolist(), strict=True))
    ways = {"link": ("link", "link_back"), "storage": ("discharge", "charge")}[name]
    for way, sign in zip(ways, (1.0, -1.0), strict=True):
        members = market.families[way]
        place = dict(zip((m.index() for m in members.members), members.at.tolist(), strict=True))
        at = np.array([place.get(key, -1) for key in keys], dtype=np.intp)
        total = total + Terms.of(at, sign)
    return total


def _awards(market: Market, own: Entries) -> Terms:
    """Awards of units in products; nothing where a unit does not offer."""
    day, offers = market.day, market.day.reserves.offers
    shape = (day.intervals, len(day.units), len(day.reserves.products))
    variable = np.full(shape, -1, dtype=np.intp)
    if market.reserves is not None:
        given = market.reserves.offer
        place = (offers.interval[given], offers.unit[given], offers.product[given])
        variable[place] = market.families["reserve"].at
    return Terms.of(variable[own.interval, own.element, own.product])


def _merged(terms: Terms, market: Market) -> Terms:
    """Add up entries of one variable in one row; leave out what is nothing."""
    matrix = terms.matrix(len(market.variables))
    matrix.data[np.abs(matrix.data) < _NOTHING] = 0.0
    matrix.eliminate_zeros()
    row = np.repeat(np.arange(len(terms)), np.diff(matrix.indptr))
    return Terms.build(
        len(terms), row, np.asarray(matrix.indices, dtype=np.intp), matrix.data, terms.constant
    )
