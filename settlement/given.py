"""What a settlement is given beside the run: contracts, curves, futures and rights, all checked."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cases.case import Case
from cases.errors import DataWarning, Failure, InputError
from cases.rulebook.settlement import FuturesRules
from cases.run import Run
from cases.warned import Warned
from settlement.contracts.contracts import check_contracts
from settlement.contracts.currency import converted, currency_problems
from settlement.contracts.curves import Curve, CurveMaker
from settlement.contracts.frozen import frozen_curves as stored_curves
from settlement.credit.margin import margin_problems
from settlement.futures.delivery import time_value_problems
from settlement.futures.lines import clearing_house
from settlement.futures.marks import Marks
from settlement.futures.matching import Matched, match
from settlement.futures.period import parse_period
from settlement.futures.product import Futures
from settlement.futures.trading import check_trades
from settlement.inputs import typed
from settlement.ledger.money import Number, exact
from settlement.parties import party_problems
from settlement.points import Prices
from settlement.rights.points import check_rights

__all__ = ["Given", "curve_maker", "made_curves", "of_case", "typed_tables"]

_TABLES = (
    "contracts",
    "contract_curves",
    "frozen_curves",
    "futures",
    "settlement_prices",
    "collateral",
    "meter_readings",
    "rights",
)


@dataclass(frozen=True)
class Given:
    """Contracts with their curves, futures with their product, rights, and the run's prices."""

    contracts: pd.DataFrame
    curves: dict[str, Curve]
    futures: pd.DataFrame
    product: Futures
    matched: Matched
    marks: Marks
    rights: pd.DataFrame
    prices: Prices
    readings: pd.DataFrame

    @classmethod
    def of(
        cls,
        run: Run,
        *,
        contracts: pd.DataFrame | None = None,
        contract_curves: pd.DataFrame | None = None,
        frozen_curves: pd.DataFrame | None = None,
        futures: pd.DataFrame | None = None,
        rights: pd.DataFrame | None = None,
        overrides: Mapping[str, str] | None = None,
        settlement_prices: pd.DataFrame | None = None,
        meter_readings: pd.DataFrame | None = None,
        collateral: Mapping[str, Number] | None = None,
        products: FuturesRules | None = None,
    ) -> Given:
        """Check tables that a user gives; those that are None are the ones of the run's case.

        Raises
        ------
        InputError
            With everything that is wrong in all of them.
        """
        tables = typed_tables(
            {
                "contracts": contracts,
                "contract_curves": contract_curves,
                "frozen_curves": frozen_curves,
                "futures": futures,
                "settlement_prices": settlement_prices,
                "meter_readings": meter_readings,
                "rights": rights,
            },
            run.case.meta.timezone,
        )
        return cls.checked(
            run, tables, overrides=overrides, collateral=collateral, products=products
        )

    @classmethod
    def checked(
        cls,
        run: Run,
        typed: Mapping[str, pd.DataFrame],
        *,
        overrides: Mapping[str, str] | None = None,
        collateral: Mapping[str, Number] | None = None,
        curves: Mapping[str, Curve] | None = None,
        products: FuturesRules | None = None,
    ) -> Given:
        """Check tables that are typed (`typed_tables`); the others are those of the run's case.

        `curves` are those of the tables, where they were made before (`made_curves`); `products`
        define the futures, where it is not the rulebook that does.

        Raises
        ------
        InputError
            With everything that is wrong in all of them.
        """
        case, rules = run.case, run.rulebook.settlement
        failures: list[Failure] = []
        tables = of_case(typed, case)
        failures += party_problems(tables, case, rules.operator)
        failures += currency_problems(tables["contracts"], case.meta.currency)
        step = exact(rules.price_unit)
        tables["contracts"] = converted(tables["contracts"], step)
        prices = Prices(run.prices, run.load_awards, case, run.reserve_prices)
        made, names = _curves(run, tables, failures, curves)
        failures += check_contracts(
            tables["contracts"], names, prices, rules.contracts, overrides, made
        )
        product = Futures(products or rules.futures, case.meta.timezone)
        failures += _overrides(tables, overrides)
        trades = tables["futures"]
        months = _months(trades, product, prices.starts, failures)
        marks = Marks.of(tables["settlement_prices"])
        refused, warned = check_trades(
            trades, product, case.meta.timezone, marks, overrides, months
        )
        failures += refused + time_value_problems(trades, product, months)
        if collateral is None and len(tables["collateral"]):
            own = tables["collateral"]
            collateral = dict(zip(own["owner"], own["amount"], strict=True))
        if collateral is not None:
            failures += margin_problems(trades, collateral, product, months=months)
        reached = trades[trades["month"].isin(months)]
        matched = match(reached)
        if matched.unmatched and not clearing_house(product, rules.operator):
            message = f"no other side at the same price: {matched.words}"
            failures.append(Failure("futures", None, "lots", "unmatched", message))
        failures += check_rights(tables["rights"], case)
        if failures:
            raise InputError(failures)
        house = clearing_house(product, rules.operator)
        words: list[str] = [
            Warned(str(w), "tick" if w.rule == "tick" else "trading_rule") for w in warned
        ]
        if matched.unmatched:
            text = f"futures without another side, {house} stands in: {matched.words}"
            words.append(Warned(text, "unmatched"))
        for text in words:
            warnings.warn(text, DataWarning, stacklevel=3)
        return cls(
            tables["contracts"],
            made,
            reached,
            product,
            matched,
            marks,
            tables["rights"],
            prices,
            tables["meter_readings"],
        )

    def futures_manifest(self, operator: str) -> dict[str, object]:
        """What a statement says of the other side of its trades."""
        return {
            "clearing_house": clearing_house(self.product, operator),
            "unmatched": {name: str(lots) for name, lots in self.matched.unmatched.items()},
        }


def typed_tables(
    given: Mapping[str, pd.DataFrame | None], timezone: str
) -> dict[str, pd.DataFrame]:
    """The tables that are given, typed like those of a case.

    Raises
    ------
    InputError
        With everything that cannot be read in all of them.
    """
    failures: list[Failure] = []
    tables: dict[str, pd.DataFrame] = {}
    for name, frame in given.items():
        if frame is not None:
            try:
                tables[name] = typed(name, frame, timezone)
            except InputError as error:
                failures += error.failures
    if failures:
        raise InputError(failures)
    return tables


def of_case(given: Mapping[str, pd.DataFrame], case: Case) -> dict[str, pd.DataFrame]:
    """Every table of a settlement: as given, else that of the case."""
    return {name: given[name] if name in given else getattr(case, name) for name in _TABLES}


def made_curves(run: Run, tables: Mapping[str, pd.DataFrame]) -> dict[str, Curve]:
    """Curves of all contracts (`of_case`), for runs that share their tables and rules.

    Raises
    ------
    InputError
        With everything that is wrong in them.
    """
    failures: list[Failure] = []
    curves, _ = _curves(run, tables, failures, None)
    if failures:
        raise InputError(failures)
    return curves


def curve_maker(run: Run) -> CurveMaker:
    """What makes contract curves under the rulebook of a run, in the intervals of its case."""
    case = run.case
    return CurveMaker.of(run.rulebook.settlement, case.meta.timezone, case.interval_hours)


def _overrides(
    tables: Mapping[str, pd.DataFrame], overrides: Mapping[str, str] | None
) -> list[Failure]:
    known = {*tables["contracts"]["contract"], *tables["futures"]["trade"]}
    return [
        Failure("contracts", None, "contract", "override",
                f"override for {name}, which is no contract and no trade")
        for name in overrides or {}
        if name not in known
    ]  # fmt: skip


def _months(
    trades: pd.DataFrame, product: Futures, starts: pd.DatetimeIndex, failures: list[Failure]
) -> set[str]:
    """Delivery periods that the run reaches; trades of others were checked on acceptance."""
    first, last = starts[0].date(), starts[-1].date()
    reached = set()
    for position, (name, month) in enumerate(zip(trades["product"], trades["month"], strict=True)):
        try:
            product.block(name)
            period = parse_period(month)
            if period.first <= last and period.last >= first:
                reached.add(month)
        except InputError as error:
            failures += [
                Failure("futures", position + 2, f.column, f.rule, f.message)
                for f in error.failures
            ]
    return reached


def _curves(
    run: Run,
    tables: Mapping[str, pd.DataFrame],
    failures: list[Failure],
    known: Mapping[str, Curve] | None,
) -> tuple[dict[str, Curve], set[str]]:
    """Curves that contracts use, frozen ones as they are stored, and the names of all."""
    wanted = set(tables["contracts"]["curve"])
    if known is not None:
        return {name: curve for name, curve in known.items() if name in wanted}, set(known)
    stored, rules = tables["frozen_curves"], tables["contract_curves"]
    frozen = set(stored["curve"].unique())
    curves: dict[str, Curve] = {}
    for make, table in (
        (stored_curves, stored[stored["curve"].isin(wanted)]),
        (curve_maker(run).make, rules[rules["curve"].isin(wanted - frozen)]),
    ):
        try:
            curves |= make(table)
        except InputError as error:
            failures += error.failures
    return curves, frozen | set(rules["curve"])
