"""Settle a month: every day by its last version, and what is monthly by rule, in one ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pandas as pd

from cases.errors import CheckFailed, Failure, InputError
from cases.rulebook.settlement import FuturesRules
from cases.run import Run
from settlement.contracts.curve import Curve
from settlement.futures.lines import Delivered, whole_month
from settlement.futures.product import Futures
from settlement.given import Given, made_curves, of_case, typed_tables
from settlement.ledger.ledger import Ledger
from settlement.ledger.money import Number
from settlement.ledger.statement import BALANCE_COLUMNS
from settlement.market.balance import balance_sheet
from settlement.market.give_back import Shares, give_back
from settlement.month.days import Span, check_cover, month_bounds, next_day, spans_of
from settlement.month.futures import month_futures
from settlement.month.indices import month_indices
from settlement.month.lines import MonthLedger, Piece, invoices_of, netting_of
from settlement.month.statement import MonthStatement
from settlement.rights.funding import shortfall_cuts
from settlement.settle import Settled, settle_given

__all__ = ["settle_month"]

MadeCurves = tuple[list[pd.DataFrame], dict[str, Curve]]
"""Tables of contracts, and the curves that were made of them."""


def settle_month(
    runs: Sequence[Run],
    month: str,
    *,
    contracts: pd.DataFrame | None = None,
    contract_curves: pd.DataFrame | None = None,
    frozen_curves: pd.DataFrame | None = None,
    futures: pd.DataFrame | None = None,
    rights: pd.DataFrame | None = None,
    settlement_prices: pd.DataFrame | None = None,
    meter_readings: pd.DataFrame | None = None,
    overrides: Mapping[str, str] | None = None,
    collateral: Mapping[str, Number] | None = None,
    versions: Mapping[str, str] | None = None,
    partial: bool = False,
    products: FuturesRules | None = None,
) -> MonthStatement:
    """Settle the runs of a month into one statement.

    Parameters
    ----------
    runs
        Day-ahead runs of any length and their real-time runs, in any order. Runs of the same
        intervals are versions: the last one counts, the others are compared with it.
    month
        Written like 2016-10; on the clock of the runs' timezone. Runs may reach beyond it.
    contracts, contract_curves, frozen_curves, futures, rights, settlement_prices, meter_readings
        As in `settle`; each settles over its own period.
    overrides, collateral, products
        As in `settle`.
    versions
        Run id -> initial, final or rerun, where parents do not say the order.
    partial
        Settle although days are missing; the statement says so.

    Returns
    -------
    A MonthStatement, whose amounts sum to zero.

    Raises
    ------
    InputError
        Missing days (unless `partial`), versions without order, and everything that `settle`
        refuses; nothing is settled by half.
    """
    if not runs:
        raise InputError.one("", None, None, "month", "no runs to settle")
    timezone = runs[0].case.meta.timezone
    start, end = month_bounds(month, timezone)
    spans = [s for s in spans_of(runs, versions or {}) if s.start < end and s.end > start]
    missing = check_cover(spans, start, end)
    if missing and not partial:
        raise InputError(_missing(missing, month))
    if not spans:
        raise InputError.one("", None, None, "month", f"no run holds a day of {month}")
    tables = typed_tables(
        {
            "contracts": contracts,
            "contract_curves": contract_curves,
            "frozen_curves": frozen_curves,
            "futures": futures,
            "rights": rights,
            "settlement_prices": settlement_prices,
            "meter_readings": meter_readings,
        },
        timezone,
    )
    last = spans[-1].versions[-1][1]
    book = _Book(month, start, end, Ledger(last.rulebook.settlement), products)
    book.pooled = _pooled(spans)
    for span in spans:
        book.settle(span, tables, overrides, collateral)
    book.month_lines(tables, last)
    return book.statement(spans, missing, overrides)


def _missing(days: Sequence[pd.Timestamp], month: str) -> list[Failure]:
    listed = ", ".join(f"{day:%Y-%m-%d}" for day in days)
    message = f"{month} cannot be settled: no run covers {listed}; a month with missing days is "
    return [Failure("", None, None, "missing_day", message + "settled as partial only")]


def _pooled(spans: Sequence[Span]) -> bool:
    """Whether rent is pooled over the month; all runs must say the same."""
    found = {run.rulebook.settlement.rights.period for s in spans for _, run, _ in s.versions}
    if len(found) > 1:
        raise InputError.one(
            "", None, "settlement.rights.period", "month",
            "some runs fund rights by run and some by month: settle them under one rule",
        )  # fmt: skip
    return found == {"month"}


@dataclass
class _Book:
    """The month's ledger while it is filled."""

    month: str
    start: pd.Timestamp
    end: pd.Timestamp
    ledger: Ledger
    products: FuturesRules | None = None
    pooled: bool = False
    pieces: list[Piece] = field(default_factory=list)
    """The lines of the ledger by version and run."""
    balances: list[pd.DataFrame] = field(default_factory=list)
    versions: list[tuple[str, str, str, str, Decimal, Decimal]] = field(default_factory=list)
    loads: list[pd.DataFrame] = field(default_factory=list)
    targets: list[pd.DataFrame] = field(default_factory=list)
    delivered: list[Delivered] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=lambda: {"curves": {}, "unmatched": {}})
    _curves: dict[tuple[object, ...], MadeCurves] = field(default_factory=dict)
    _day_of: dict[pd.Timestamp, str] = field(default_factory=dict)

    def settle(
        self,
        span: Span,
        tables: Mapping[str, pd.DataFrame],
        overrides: Mapping[str, str] | None,
        collateral: Mapping[str, Number] | None,
    ) -> None:
        """Settle every version of a span; the last one enters the ledger."""
        before: dict[tuple[str, str], Decimal] = {}
        for number, (version, run, real_time) in enumerate(span.versions):
            given = Given.checked(
                run,
                tables,
                overrides=overrides,
                collateral=collateral,
                curves=self._made(run, tables),
                products=self.products,
            )
            settled = settle_given(run, given, real_time, overrides, version, pooled=self.pooled)
            part = settled.ledger.within(self.start, self.end)
            left = part.total()
            if left:
                raise CheckFailed([f"the part of {self.month} of a run leaves {left}"])
            totals = self._totals(part)
            for key in sorted(before.keys() | totals.keys()):
                now = totals.get(key, Decimal(0))
                change = now - before.get(key, Decimal(0)) if number else Decimal(0)
                self.versions.append((key[0], version, run.id, key[1], now, change))
            before = totals
        self._take(settled, part, version, run)

    def _made(self, run: Run, given: Mapping[str, pd.DataFrame]) -> Mapping[str, Curve]:
        """Curves of the run, made once for all runs that share tables and rules."""
        key = (run.rulebook.hash, run.case.interval_hours)
        tables = of_case(given, run.case)
        own = [tables[name] for name in ("contracts", "contract_curves", "frozen_curves")]
        known = self._curves.get(key)
        if known is None or not all(map(_same, known[0], own)):
            known = own, made_curves(run, tables)
            self._curves[key] = known
        return known[1]

    def _take(self, settled: Settled, own: Ledger, version: str, run: Run) -> None:
        self.ledger.take(own)
        self.pieces.append(Piece(own, version, run.id))
        markets = [replace(m, positions=self._part(m.positions)) for m in settled.markets]
        self.balances.append(balance_sheet(own, markets))
        self.loads.append(self._part(settled.loads))
        self.targets.append(self._part(settled.targets))
        self.delivered += [d for d in settled.delivered if self.start <= d.at < self.end]
        manifest = settled.manifest
        self.notes["curves"] |= manifest["curves"]
        self.notes["unmatched"] |= manifest["futures"]["unmatched"]
        self.notes["clearing_house"] = manifest["futures"]["clearing_house"]

    def month_lines(self, given: Mapping[str, pd.DataFrame], last: Run) -> None:
        """Lines that are the month's own: daily variation, fees, pooled rent."""
        own = Ledger.like(self.ledger)
        tables = of_case(given, last.case)
        product = Futures(
            self.products or last.rulebook.settlement.futures, last.case.meta.timezone
        )
        month_futures(
            own, tables["futures"], tables["settlement_prices"], product, self.start, self.end
        )
        whole_month(own, product, self.delivered)
        if self.pooled:
            holders = [row for row in self.ledger.of_item("right") if row.owner != own.operator]
            rent = self.ledger.total(["congestion_rent"])
            cuts = shortfall_cuts(own, holders, rent)
            own.put(cuts)
            own.put(
                cut._replace(owner=own.operator, quantity=-cut.quantity, amount=-cut.amount)
                for cut in cuts
            )
            self.notes["rights"] = {
                "rent": str(rent),
                "shortfall": str(-sum((cut.amount for cut in cuts), Decimal(0))),
            }
            shares = Shares.of(_joined(self.loads), _joined(self.targets))
            held: dict[str, Decimal] = {}
            for ledger in (self.ledger, own):
                for (owner, item), amount in ledger.sums("owner", "item").items():
                    if owner == own.operator:
                        held[item] = held.get(item, Decimal(0)) + amount
            give_back(own, held, shares, self.start, f"of {self.month}")
        if len(own):
            self.ledger.take(own)
            self.pieces.append(Piece(own, "", "", self.month))
            self.balances.append(balance_sheet(own, []))

    def statement(
        self, spans: Sequence[Span], missing: list[pd.Timestamp], overrides: Any
    ) -> MonthStatement:
        """The finished statement.

        Raises
        ------
        CheckFailed
            If it does not sum to zero.
        """
        if self.ledger.total() != 0:
            raise CheckFailed([f"the month does not sum to zero: {self.ledger.total()} is left"])
        last = spans[-1].versions[-1][1]
        timezone = last.case.meta.timezone
        names = ["day", "version", "run", "owner", "total", "change"]
        table = pd.DataFrame(self.versions, columns=names)
        return MonthStatement(
            MonthLedger(self.ledger, self.pieces, timezone),
            self._balance(),
            self._days(spans),
            table.astype({"total": object, "change": object}),
            invoices_of(self.ledger),
            netting_of(self.ledger),
            month_indices([span.versions[-1][1] for span in spans], self.month),
            {
                "month": self.month,
                "currency": last.case.meta.currency,
                "timezone": timezone,
                "operator": self.ledger.operator,
                "code_version": last.manifest["code_version"],
                "partial": bool(missing),
                "missing": [f"{day:%Y-%m-%d}" for day in missing],
                "overrides": dict(overrides or {}),
                **self.notes,
            },
        )

    def _part(self, table: pd.DataFrame) -> pd.DataFrame:
        if table.empty:
            return table
        at = table["interval_start"]
        return table[(at >= self.start) & (at < self.end)]

    def _day(self, at: pd.Timestamp) -> str:
        if at not in self._day_of:
            self._day_of[at] = f"{at.tz_convert(self.start.tz):%Y-%m-%d}"
        return self._day_of[at]

    def _totals(self, part: Ledger) -> dict[tuple[str, str], Decimal]:
        totals: dict[tuple[str, str], Decimal] = {}
        for (at, owner), amount in part.sums("interval_start", "owner").items():
            key = (self._day(at), owner)
            totals[key] = totals.get(key, Decimal(0)) + amount
        return totals

    def _balance(self) -> pd.DataFrame:
        columns = [*BALANCE_COLUMNS, "total"]
        sums: dict[str, dict[str, Decimal]] = {}
        zero = self.ledger.money(Decimal(0))
        for sheet in self.balances:
            for row in sheet.to_dict("records"):
                own = sums.setdefault(row["owner"], dict.fromkeys(columns, zero))
                for name in columns:
                    own[name] += row[name]
        owners = sorted(sums, key=lambda owner: (owner == self.ledger.operator, owner))
        table = pd.DataFrame({"owner": pd.Series(owners, dtype="str")})
        for name in columns:
            table[name] = pd.Series([sums[owner][name] for owner in owners], dtype=object)
        return table

    def _days(self, spans: Sequence[Span]) -> pd.DataFrame:
        rows = []
        day = self.start
        while day < self.end:
            row = ("", "", "", "")
            for span in spans:
                if span.start <= day < span.end:
                    version, run, real_time = span.versions[-1]
                    later = "" if real_time is None else real_time.id
                    row = (version, run.id, later, run.rulebook.name)
            rows.append((f"{day:%Y-%m-%d}", *row))
            day = next_day(day)
        return pd.DataFrame(rows, columns=["day", "version", "run", "real_time", "rulebook"])


def _same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    return one is other or one.equals(other)


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    some = [frame for frame in frames if len(frame)]
    return pd.concat(some, ignore_index=True) if some else frames[0]
