"""Contract curves: how the energy of a contract lies over the intervals of its term.

A curve is fixed when the contract is signed: the rule rows of `contract_curves` are decomposed over
their whole term, so that a day's settlement takes the day's part of a curve that does not depend on
which day is settled. Energies are exact and sum to the energy of the contract (Ding, Chen, Ji and
Jing, "Linking the medium and long-term market with the spot market: curve decomposition", 2019).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.errors import Failure, InputError
from cases.market_time import first_moment
from cases.rulebook.settlement import SettlementRules
from settlement.contracts.curve import Curve, Steps
from settlement.contracts.shapes import block_weights, typical_day_weights
from settlement.ledger.frames import line_of, records
from settlement.ledger.money import exact, round_to, split
from settlement.ledger.units import places, split_units
from settlement.time.blocks import Block, named_blocks
from settlement.time.calendar import WorkingCalendar

__all__ = ["Curve", "CurveMaker", "described", "quota_curves"]

_FILE = "contract_curves"


@dataclass(frozen=True)
class CurveMaker:
    """Makes curves from the table `contract_curves`.

    Rule rows are decomposed in intervals of `interval_hours`, wall-clock days of `timezone`; `unit`
    is the smallest energy, MWh.
    """

    timezone: str
    interval_hours: float
    blocks: Mapping[str, Block]
    calendar: WorkingCalendar
    unit: Decimal = Decimal("0.000001")

    @classmethod
    def of(cls, rules: SettlementRules, timezone: str, interval_hours: float) -> CurveMaker:
        """What makes curves under the settlement rules of a rulebook."""
        blocks, calendar = named_blocks(rules.futures)
        return cls(timezone, interval_hours, blocks, calendar, exact(rules.quantity_unit))

    def make(self, table: pd.DataFrame) -> dict[str, Curve]:
        """Every curve of the table, by name.

        Raises
        ------
        InputError
            With every curve that is incomplete, overlaps or cannot be read.
        """
        curves: dict[str, Curve] = {}
        failures: list[Failure] = []
        for name, rows in table.groupby("curve", sort=False):
            try:
                curves[str(name)] = self._curve(str(name), rows)
            except InputError as error:
                failures += [self._placed(f, str(name), rows) for f in error.failures]
        if failures:
            raise InputError(failures)
        return curves

    @staticmethod
    def _placed(failure: Failure, name: str, rows: pd.DataFrame) -> Failure:
        row = failure.row if failure.row is not None else line_of(rows.index[0])
        return Failure(_FILE, row, failure.column, failure.rule, f"curve {name}: {failure.message}")

    def _curve(self, name: str, rows: pd.DataFrame) -> Curve:
        rules = rows[rows["kind"] != ""]
        if rules.empty:
            return self._custom(name, rows)
        if len(rules) < len(rows):
            raise _bad("curve", "has rule rows and rows by interval; one of them must go")
        return self._by_rule(name, rules)

    def _custom(self, name: str, rows: pd.DataFrame) -> Curve:
        for column in ("interval_start", "mw"):
            blank = rows[rows[column].isna()]
            if len(blank):
                raise _bad(
                    "curve", f"incomplete: {column} is blank", row=blank.index[0], column=column
                )
        rows = rows.sort_values("interval_start", kind="stable")
        starts = pd.DatetimeIndex(rows["interval_start"])
        gaps = np.diff(starts.asi8)
        if (gaps == 0).any():
            at = starts[int((gaps == 0).argmax())]
            raise _bad("overlap", f"two rows for {at.isoformat()}", column="interval_start")
        step = pd.Timedelta(hours=self.interval_hours)
        if len(starts) > 1:
            step = pd.Timedelta((starts[1:] - starts[:-1]).min())
            holes = np.flatnonzero((starts[1:] - starts[:-1]) != step)
            if len(holes):
                raise _bad(
                    "incomplete",
                    f"incomplete: no row for {(starts[int(holes[0])] + step).isoformat()}",
                    column="interval_start",
                )
        hours = step / pd.Timedelta(hours=1)
        ratio = hours / self.interval_hours
        if min(abs(ratio - round(ratio)), abs(1 / ratio - round(1 / ratio))) > 1e-9:
            raise _bad(
                "step",
                f"steps of {hours:g} h do not fit intervals of {self.interval_hours:g} h",
                column="interval_start",
            )
        mwh = [round_to(exact(mw) * exact(hours), self.unit) for mw in rows["mw"]]
        return Curve(name, "custom", hours, pd.Series(mwh, index=starts, dtype=object))

    def _by_rule(self, name: str, rows: pd.DataFrame) -> Curve:
        pieces: list[Curve] = []
        rows = rows.sort_values("start", kind="stable")
        previous: pd.Timestamp | None = None
        for index, row in zip(rows.index, records(rows), strict=True):
            for column in ("mwh", "start", "end"):
                if pd.isna(row[column]):
                    raise _bad(
                        "incomplete",
                        f"incomplete: a {row['kind']} rule needs {column}",
                        row=index,
                        column=column,
                    )
            start, end = pd.Timestamp(row["start"]), pd.Timestamp(row["end"])
            if end < start:
                raise _bad(
                    "term",
                    f"ends ({end:%Y-%m-%d}) before it starts ({start:%Y-%m-%d})",
                    row=index,
                    column="end",
                )
            if previous is not None and start <= previous:
                raise _bad(
                    "overlap", f"two rules cover {start:%Y-%m-%d}", row=index, column="start"
                )
            if previous is not None and start != previous + timedelta(days=1):
                raise _bad(
                    "incomplete",
                    f"incomplete: no rule for {previous + timedelta(days=1):%Y-%m-%d}",
                    row=index,
                    column="start",
                )
            previous = end
            try:
                pieces.append(self._piece(row["kind"], exact(row["mwh"]), row["shape"], start, end))
            except InputError as error:
                raise InputError(
                    Failure("", line_of(index), f.column or "shape", f.rule, f.message)
                    for f in error.failures
                ) from None
        kinds = " and ".join(dict.fromkeys(rows["kind"]))
        return Curve(name, kinds, self.interval_hours, _joined(pieces))

    def decompose(
        self, kind: str, mwh: Decimal, shape: str, first: pd.Timestamp, last: pd.Timestamp
    ) -> pd.Series:
        """Spread energy over the days from `first` to `last` by a rule; the sum is exact."""
        return self._piece(kind, mwh, shape, first, last).mwh

    def _piece(
        self, kind: str, mwh: Decimal, shape: str, first: pd.Timestamp, last: pd.Timestamp
    ) -> Curve:
        """Part of a curve: one rule over its days."""
        starts, weights = self._weights(kind, shape, first, last)
        energy, digits = round_to(mwh, self.unit), places(self.unit)
        units = None if digits is None else split_units(energy, weights, digits)
        energies: pd.Series | Steps
        if units is None or digits is None:
            parts = split(energy, [float(w) for w in weights], self.unit)
            energies = pd.Series(parts, index=starts, dtype=object)
        else:
            energies = Steps(starts, units, digits)
        return Curve("", kind, self.interval_hours, energies)

    def _weights(
        self, kind: str, shape: str, first: pd.Timestamp, last: pd.Timestamp
    ) -> tuple[pd.DatetimeIndex, NDArray[np.float64]]:
        """Intervals of a term and the weight of each by a rule, (T,); worked out once."""
        key = (kind, shape, first, last)
        if key not in self._known:
            term = ("", "", first, last)
            if term not in self._known:
                self._known[term] = self.intervals(first, last), np.zeros(0)
            starts = self._known[term][0]
            weights: NDArray[np.float64]
            if kind == "flat":
                weights = np.ones(len(starts))
            elif kind == "block":
                weights = block_weights(
                    shape, starts, self.interval_hours, self.blocks, self.calendar
                )
            else:
                weights = typical_day_weights(shape, starts, self.interval_hours, self.calendar)
            if not weights.any():
                raise _bad("shape", f"shape {shape!r}: all its weights are zero")
            self._known[key] = starts, weights
        return self._known[key]

    @cached_property
    def _known(self) -> dict[tuple[object, ...], tuple[pd.DatetimeIndex, NDArray[np.float64]]]:
        return {}

    def intervals(self, first: pd.Timestamp, last: pd.Timestamp) -> pd.DatetimeIndex:
        """Interval starts from the first day's midnight to the last day's end."""
        begin = first_moment(first, self.timezone)
        end = first_moment(last + timedelta(days=1), self.timezone)
        return pd.date_range(
            begin, end, freq=pd.Timedelta(hours=self.interval_hours), inclusive="left"
        )


def _joined(pieces: list[Curve]) -> pd.Series | Steps:
    """The energies of pieces that follow each other."""
    if len(pieces) == 1:
        only: pd.Series | Steps = pieces[0].energies
        return only
    steps = [piece.energies for piece in pieces if isinstance(piece.energies, Steps)]
    if len(steps) < len(pieces):
        joined: pd.Series = pd.concat([piece.mwh for piece in pieces])
        return joined
    starts = pd.DatetimeIndex(steps[0].starts.append([part.starts for part in steps[1:]]))
    return Steps(starts, np.concatenate([part.units for part in steps]), steps[0].digits)


def described(curve: Curve) -> str:
    """What a statement says of a curve: fixed, and since when, or made by the rules of today."""
    if curve.fixed_on is not None:
        return f"{curve.source}, fixed on {curve.fixed_on:%Y-%m-%d}"
    if curve.source == "custom":
        return "MW by interval, as given; not frozen"
    return f"{curve.source}, decomposed by the rulebook of this settlement; not frozen"


def quota_curves(
    quotas: Mapping[str, Decimal | float],
    load: pd.Series,
    maker: CurveMaker,
    first: pd.Timestamp,
    last: pd.Timestamp,
) -> dict[str, Curve]:
    """Planned-quota energy of units, decomposed by the typical day of the system load.

    Every unit's quota takes the same shape, the mean load by hour of the day, so no unit is given a
    better share of the dear hours than another: that is the fairness of the rule.

    Parameters
    ----------
    quotas
        Energy of each unit in the term, MWh.
    load
        System load, MW, by interval start (timezone-aware), whole days.
    maker
        Gives timezone, interval length and calendar.
    first, last
        First and last day of the term.
    """
    index = pd.DatetimeIndex(load.index)
    hourly = load.groupby(index.tz_convert(maker.timezone).hour).mean()
    if len(hourly) != 24:
        missing = sorted(set(range(24)) - set(hourly.index))
        raise InputError.one(
            "",
            None,
            None,
            "typical_day",
            f"the load has no value for the hours {missing} of the day",
        )
    shape = " ".join(repr(float(mw)) for mw in hourly)
    return {
        unit: Curve(
            unit,
            "typical_day of the system load",
            maker.interval_hours,
            maker.decompose("typical_day", exact(mwh), shape, first, last),
        )
        for unit, mwh in quotas.items()
    }


def _bad(rule: str, message: str, *, row: object = None, column: str | None = None) -> InputError:
    line = None if row is None else line_of(row)
    return InputError.one("", line, column, rule, message)
