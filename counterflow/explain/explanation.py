"""What makes a price: the binding limits that add up to it, and the offers that set it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from cases import InputError, Run
from cases.place_prices import PlacePrices
from clearing.session.setters import PriceSetters
from counterflow.explain.breakdown import TERM_COLUMNS, Breakdown
from counterflow.explain.from_program import SIDE_COLUMNS, Answer, program_of, setters_of
from counterflow.explain.from_tables import setters_from_tables
from counterflow.explain.lookup import resolve_interval, resolve_intervals
from counterflow.explain.margin import Margin
from counterflow.explain.places import PARTS, Place, place_of
from counterflow.explain.pockets import COLUMNS as POCKET_COLUMNS
from counterflow.explain.pockets import pockets_of
from counterflow.explain.sentences import price_html, price_sentences
from counterflow.explain.setters import SETTER_COLUMNS, Setters
from network import Grid
from settlement.ledger.frames import records

__all__ = [
    "TERM_COLUMNS",
    "PriceExplanation",
    "PriceExplanations",
    "explain_price",
    "explain_prices",
]

Rows = tuple[dict[str, Any], ...]
"""Rows of a small table."""


@dataclass(frozen=True)
class PriceExplanation:
    """One price in one interval, taken apart twice.

    `bus` is the name of the place and `kind` what it is: bus, zone, hub or node; the price of a
    zone, hub or node is that of its buses by their weights.

    `terms`: energy, one row per binding limit (shadow price x DFAX), loss; their `amount` sums to
    `lmp` (`residual` is what is left, NaN where the price does not exist). `pockets`: what lies
    behind each of these limits (`counterflow.explain.pockets`). The energy price and
    the DFAX are those of `reference`, the slack; another slack splits the same price otherwise.

    `setters`: what moves for one MW more at the place, with kind, name, owner, bus,
    interval_start, mw, price, edge, coefficient and amount; coefficient x price sums to `lmp`
    where `determined`. They come from the optimal basis of the program that made the prices
    (`method` = basis), or from the tables alone (tables) where that program cannot be had: `reason`
    says why. `ties` name what holds them together: ramps, budgets, stored energy, reserves, rows
    of the user. `sides`: side (more, less), price, mw, until, setters: what one MW more costs and
    one MW less saves, for how many MW (of the limits that the clearing had to look at) and what
    ends it. Where the two prices differ every price between them clears the market; `reason` says
    so. `held` names units inside a block whose price is not the price at their bus, so that
    something else than their offer holds them (method tables).
    """

    run: str
    case: str
    currency: str
    bus: str
    zone: str
    interval_start: pd.Timestamp
    interval_end: pd.Timestamp
    lmp: float
    mec: float
    mcc: float
    mlc: float
    term_rows: Rows
    pocket_rows: Rows
    residual: float
    reference: str
    setter_rows: Rows
    determined: bool
    reason: str
    held: tuple[str, ...]
    kind: str = "bus"
    side_rows: Rows = ()
    ties: tuple[str, ...] = ()
    method: Literal["basis", "tables"] = "tables"

    @cached_property
    def terms(self) -> pd.DataFrame:
        """Energy, each binding limit, loss."""
        return pd.DataFrame(self.term_rows, columns=list(TERM_COLUMNS))

    @cached_property
    def setters(self) -> pd.DataFrame:
        """What moves for one MW more at the place."""
        return pd.DataFrame(self.setter_rows, columns=list(SETTER_COLUMNS))

    @cached_property
    def sides(self) -> pd.DataFrame:
        """One MW more and one MW less."""
        return pd.DataFrame(self.side_rows, columns=list(SIDE_COLUMNS))

    @cached_property
    def pockets(self) -> pd.DataFrame:
        """What lies behind each binding limit."""
        return pd.DataFrame(self.pocket_rows, columns=list(POCKET_COLUMNS))

    @property
    def sentences(self) -> tuple[str, ...]:
        """The explanation in sentences."""
        return price_sentences(self)

    def __str__(self) -> str:
        return "\n".join(self.sentences)

    def _repr_html_(self) -> str:
        return price_html(self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        names = [name for name in self.__dataclass_fields__ if not name.endswith("_rows")]
        out = {name: getattr(self, name) for name in names}
        for name in ("terms", "pockets", "setters", "sides"):
            out[name] = list(getattr(self, f"{name[:-1]}_rows"))
        out["held"], out["ties"] = list(self.held), list(self.ties)
        out["sentences"] = list(self.sentences)
        return out


@dataclass(frozen=True)
class PriceExplanations(Sequence[PriceExplanation]):
    """Explanations of several prices: places, intervals or both, in order."""

    each: tuple[PriceExplanation, ...]

    def __getitem__(self, at: Any) -> Any:
        return PriceExplanations(self.each[at]) if isinstance(at, slice) else self.each[at]

    def __len__(self) -> int:
        return len(self.each)

    def __iter__(self) -> Iterator[PriceExplanation]:
        return iter(self.each)

    @property
    def table(self) -> pd.DataFrame:
        """One row a price: interval_start, bus, lmp, energy, congestion, loss, setters."""
        rows = [
            {
                "interval_start": one.interval_start,
                "bus": one.bus,
                "lmp": one.lmp,
                "mec": one.mec,
                "mcc": one.mcc,
                "mlc": one.mlc,
                "determined": one.determined,
                "setters": setters_text(one),
            }
            for one in self.each
        ]
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        return "\n\n".join(str(one) for one in self.each)

    def _repr_html_(self) -> str:
        return "".join(price_html(one) for one in self.each)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {"explanations": [one.to_dict() for one in self.each]}


def setters_text(found: PriceExplanation) -> str:
    """Name the setters of a price in short: ``1.497 Solitude - 0.497 Brighton``."""
    if not found.determined:
        return ""
    paid = [row for row in found.setter_rows if row["amount"]] or found.setter_rows
    parts = [
        ("- " if row["coefficient"] < 0 else "+ ") + f"{abs(row['coefficient']):.3g} {row['name']}"
        for row in paid
    ]
    return " ".join(parts).removeprefix("+ ")


def explain_price(
    run: Run,
    *,
    bus: str | None = None,
    at: str | pd.Timestamp,
    zone: str | None = None,
    hub: str | None = None,
    node: str | None = None,
) -> PriceExplanation:
    """Explain the price of a place in the interval that holds `at`.

    Parameters
    ----------
    run
        A cleared run.
    bus, zone, hub, node
        Name of the place, one of the four.
    at
        ISO 8601, with an offset or else in the case's timezone; ``HH:MM`` in a run of one day.

    Raises
    ------
    InputError
        Unknown place, or no interval there: one line with the nearest names or times.
    """
    place = _place(run, bus=bus, zone=zone, hub=hub, node=node)
    starts, ends = _intervals(run)
    written = at.isoformat() if isinstance(at, pd.Timestamp) else at
    position = resolve_interval(written, starts, ends, run.case.meta.timezone)
    return _Explainer(run, starts, ends).explain(place, position)


def explain_prices(
    run: Run,
    *,
    at: str,
    bus: str | None = None,
    zone: str | None = None,
    hub: str | None = None,
    node: str | None = None,
) -> PriceExplanations:
    """Explain several prices: of one place over a range of time, or of all buses.

    Parameters
    ----------
    at
        A time as in `explain_price`, a range ``FROM..TO`` that takes the intervals of both ends in,
        or ``all``.
    bus, zone, hub, node
        The place; none of them: every bus.

    Raises
    ------
    InputError
        As in `explain_price`.
    """
    starts, ends = _intervals(run)
    positions = resolve_intervals(at, starts, ends, run.case.meta.timezone)
    if bus is zone is hub is node is None:
        places = [place_of(run, name) for name in run.prices["bus"].unique().tolist()]
    else:
        places = [_place(run, bus=bus, zone=zone, hub=hub, node=node)]
    explainer = _Explainer(run, starts, ends)
    return PriceExplanations(
        tuple(explainer.explain(place, position) for position in positions for place in places)
    )


def _place(run: Run, **named: str | None) -> Place:
    given = [(kind, name) for kind, name in named.items() if name is not None]
    if len(given) != 1:
        message = "expected one place: bus, zone, hub or node"
        raise InputError.one("", None, None, "usage", message)
    [(kind, name)] = given
    return place_of(run, name, kind)


def _intervals(run: Run) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    times = run.prices[["interval_start", "interval_end"]].drop_duplicates("interval_start")
    times = times.sort_values("interval_start", ignore_index=True)
    starts, ends = (pd.DatetimeIndex(times[name]) for name in times.columns)
    return starts, ends


@dataclass(frozen=True, eq=False)
class _Hour:
    """What explaining several prices of one interval has in common."""

    terms: Breakdown
    margin: Margin
    pockets: dict[tuple[str, str], Rows] = field(default_factory=dict)


class _Explainer:
    """What explaining several prices of one run has in common."""

    def __init__(self, run: Run, starts: pd.DatetimeIndex, ends: pd.DatetimeIndex) -> None:
        self._run, self._starts, self._ends = run, starts, ends
        self._grid = Grid.from_case(run.case, run.rulebook.network.convention)
        program, self._without = program_of(run)
        self._program: PriceSetters | None = program
        self._write = Setters(run)
        self._prices = PlacePrices(run)
        self._id = run.id
        self._hours: dict[int, _Hour] = {}

    def _hour(self, position: int) -> _Hour:
        if position not in self._hours:
            start = self._starts[position]
            parts = (self._run.price_terms, self._run.constraints)
            terms = Breakdown.of(*(part[part["interval_start"] == start] for part in parts))
            self._hours[position] = _Hour(terms, Margin(self._run, self._starts, self._grid))
        return self._hours[position]

    def explain(self, place: Place, position: int) -> PriceExplanation:
        """Explain the price of one place in one interval."""
        run, hour, start = self._run, self._hour(position), self._starts[position]
        shares = place.shares(position)
        price = {part: place.price(self._prices, part, position) for part in PARTS}
        terms = hour.terms.rows(price, shares)
        answer, held, method = self._setters(place, position, price["lmp"], shares)
        return PriceExplanation(
            run=self._id,
            case=run.case.meta.name,
            currency=run.case.meta.currency,
            bus=place.name,
            zone=place.zone,
            interval_start=start,
            interval_end=self._ends[position],
            **price,
            term_rows=terms,
            pocket_rows=self._pockets(hour, start, terms),
            residual=price["lmp"] - sum(row["amount"] for row in terms),
            reference=str(run.settings.get("reference", "")),
            setter_rows=answer.setters,
            determined=answer.determined,
            reason=answer.reason,
            held=held,
            kind=place.kind,
            side_rows=answer.sides,
            ties=answer.ties,
            method=method,
        )

    def _pockets(self, hour: _Hour, start: pd.Timestamp, terms: Rows) -> Rows:
        """What lies behind each limit of a price; each limit is looked at once an hour."""
        found: list[dict[str, Any]] = []
        for row in terms:
            key = (row["constraint"], row["contingency"])
            if row["term"] != "congestion":
                continue
            if key not in hour.pockets:
                limit = pd.DataFrame([key], columns=["constraint", "contingency"])
                made = pockets_of(self._run, self._grid, start, limit)
                hour.pockets[key] = tuple(records(made))
            found += hour.pockets[key]
        return tuple(found)

    def _setters(
        self, place: Place, position: int, price: float, shares: dict[str, float]
    ) -> tuple[Answer, tuple[str, ...], Literal["basis", "tables"]]:
        if self._program is not None and not np.isnan(price):
            weights = place.weights[position]
            answer = setters_of(self._write, self._program, weights, position, price)
            if answer.determined:
                return answer, (), "basis"
        margin = self._hour(position).margin
        if np.isnan(price):
            margin.extend_from(position)
            table = margin.table(position).drop(columns="label")
            table = table.assign(coefficient=np.nan, amount=np.nan)
            rows = tuple(records(table))
            none = Answer(False, f"there is no price at this {place.kind}", rows)
            return none, tuple(margin.held), "tables"
        tried = setters_from_tables(margin, shares, position, price)
        if not tried.determined and self._program is not None:
            tried = replace(tried, reason=answer.reason, sides=answer.sides)
        elif not tried.determined and self._without:
            tried = replace(tried, reason=f"{tried.reason}; from the tables alone: {self._without}")
        return tried, tuple(margin.held), "tables"
