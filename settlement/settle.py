"""Settle a run: every rule in order, one ledger, and the checks that it closes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd

from cases.errors import CheckFailed, InputError
from cases.market_time import day_of, hours_of
from cases.rulebook.settlement import FuturesRules
from cases.run import Run
from settlement.contracts.contracts import settle_contracts
from settlement.contracts.curves import described
from settlement.futures.lines import Delivered, settle_futures
from settlement.given import Given
from settlement.ledger.ledger import Ledger
from settlement.ledger.money import Number
from settlement.ledger.statement import Statement
from settlement.market.balance import balance_sheet, reconciliation
from settlement.market.give_back import Shares, give_back
from settlement.market.losses import lost_at_buses
from settlement.market.make_whole import make_whole
from settlement.market.metering import settle_metered
from settlement.market.positions import day_ahead_interval, deviations, positions
from settlement.market.reserves import reserve_awards, reserve_deviations
from settlement.market.two_settlement import Market, settle_energy, settle_reserves
from settlement.market.uplift import charge_uplift, deviation_mwh, load_mwh, pay_uplift
from settlement.rights.funding import Funding, right_targets, settle_rights

__all__ = ["Settled", "settle", "settle_given"]


def settle(
    run: Run,
    *,
    contracts: pd.DataFrame | None = None,
    contract_curves: pd.DataFrame | None = None,
    frozen_curves: pd.DataFrame | None = None,
    futures: pd.DataFrame | None = None,
    rights: pd.DataFrame | None = None,
    settlement_prices: pd.DataFrame | None = None,
    meter_readings: pd.DataFrame | None = None,
    real_time: Run | None = None,
    overrides: Mapping[str, str] | None = None,
    collateral: Mapping[str, Number] | None = None,
    version: str = "initial",
    products: FuturesRules | None = None,
) -> Statement:
    """Settle a run under its rulebook.

    Parameters
    ----------
    run
        A cleared (or mitigated) run: the day-ahead market, or the only one.
    contracts, contract_curves, frozen_curves, futures, rights, settlement_prices, meter_readings
        Tables as in a case folder; what is not given is taken from the run's case. A curve that
        `frozen_curves` holds is settled as it is stored; another is decomposed by its rule and the
        rulebook of the run, and `manifest["curves"]` says so.
    real_time
        The real-time run of the same day: deviations from `run` are settled at its prices.
    overrides
        Contract or trade -> "who: why" for curves that were fixed after signing and for trades that
        break a rule of trading; shown in their lines.
    collateral
        Owner -> collateral: futures beyond their owner's margin are refused. None: not checked.
    version
        Name of this settlement: initial, final, ...
    products
        Definition of the futures, such as a product file (`settlement.futures.read_products`); the
        rulebook's where None.

    Returns
    -------
    A Statement. Amounts are exact Decimals of the rulebook's smallest unit and sum to zero over
    owners and operator; congestion rent, loss surplus and rounding are lines of the operator.

    Raises
    ------
    InputError
        With everything that is wrong in contracts, curves, trades and rights; nothing is settled.
    CheckFailed
        If prices, price terms and dispatch do not belong together, so that money does not close.
    """
    given = Given.of(
        run,
        contracts=contracts,
        contract_curves=contract_curves,
        frozen_curves=frozen_curves,
        futures=futures,
        rights=rights,
        settlement_prices=settlement_prices,
        meter_readings=meter_readings,
        overrides=overrides,
        collateral=collateral,
        products=products,
    )
    return settle_given(run, given, real_time, overrides, version).statement()


@dataclass(frozen=True)
class Settled:
    """A settled run: its ledger, and what a statement, or a month, needs beside it."""

    run: Run
    ledger: Ledger
    markets: list[Market]
    uplift: pd.DataFrame
    loads: pd.DataFrame
    """Positions of the last market."""
    targets: pd.DataFrame
    """What rights are due (`right_targets`)."""
    delivered: list[Delivered]
    """What futures delivered, with their time value."""
    manifest: dict[str, Any]

    def statement(self) -> Statement:
        """The statement of the run."""
        timezone = self.run.case.meta.timezone
        return Statement(
            self.ledger.frame(timezone),
            self.uplift,
            balance_sheet(self.ledger, self.markets),
            reconciliation(self.ledger, timezone),
            self.manifest,
        )


def settle_given(
    run: Run,
    given: Given,
    real_time: Run | None,
    overrides: Mapping[str, str] | None,
    version: str,
    *,
    pooled: bool = False,
) -> Settled:
    """Settle a run with tables that were checked (`Given.of`).

    Where the run is a part of a month whose rent is `pooled`, rights are paid in full and nothing
    is given back: the month does that.
    """
    _check_price_nodes(run)
    ledger = Ledger(run.rulebook.settlement)
    scheduled = positions(run, ledger.operator)
    day_ahead = Market(run, scheduled, lost_at_buses(scheduled, run, ledger.operator))
    settle_energy(ledger, day_ahead)
    settle_reserves(ledger, day_ahead, reserve_awards(run), day_ahead.positions)
    uplift = make_whole(run)
    _settle_uplift(ledger, uplift, day_ahead.positions, None, run)
    markets, last, actual = [day_ahead], run, scheduled
    if real_time is not None:
        _check_real_time(run, real_time)
        market, later, actual = _settle_real_time(ledger, day_ahead, real_time)
        markets.append(market)
        last = real_time
        uplift = pd.concat([uplift, later], ignore_index=True) if len(later) else uplift
    if len(given.readings):
        settle_metered(ledger, given.readings, actual, last, load_mwh(actual))
    settle_contracts(
        ledger, given.contracts, given.curves, given.prices, run.case.interval_hours, overrides
    )
    funding = None
    targets = right_targets(given.rights, run)
    if len(given.rights):
        rent = ledger.total(["congestion_rent"])
        funding = settle_rights(ledger, targets, rent, in_full=pooled)
    if not pooled:
        _give_back(ledger, actual, targets)
    delivered = settle_futures(
        ledger,
        given.futures,
        given.product,
        given.prices,
        run.case.interval_hours,
        matched=given.matched,
        marks=given.marks,
        overrides=overrides,
    )
    if ledger.total() != 0:
        raise CheckFailed([f"the statement does not sum to zero: {ledger.total()} is left"])
    manifest = _manifest(run, real_time, version, funding, overrides) | {
        "curves": {name: described(curve) for name, curve in given.curves.items()},
        "futures": given.futures_manifest(ledger.operator),
    }
    return Settled(run, ledger, markets, uplift, actual, targets, delivered, manifest)


def _give_back(ledger: Ledger, loads: pd.DataFrame, targets: pd.DataFrame) -> None:
    """Give back what is left of rent and loss surplus, by local day."""
    if ledger.rules.congestion_rent.to == ledger.rules.loss_surplus.to == "operator":
        return
    held: dict[str, dict[str, Decimal]] = {}
    first: dict[str, pd.Timestamp] = {}
    for (at, owner, item), amount in ledger.sums("interval_start", "owner", "item").items():
        day = f"{at:%Y-%m-%d}"
        first[day] = min(first.get(day, at), at)
        if owner == ledger.operator:
            own = held.setdefault(day, {})
            own[item] = own.get(item, Decimal(0)) + amount
    for day, amounts in sorted(held.items()):
        parts = [t[t["interval_start"].dt.strftime("%Y-%m-%d") == day] if len(t) else t
                 for t in (loads, targets)]  # fmt: skip
        give_back(ledger, amounts, Shares.of(*parts), first[day], f"of {day}")


def _settle_uplift(
    ledger: Ledger,
    payments: pd.DataFrame,
    loads: pd.DataFrame,
    deviating: pd.DataFrame | None,
    run: Run,
) -> None:
    """Pay the blocks of every day and charge that day's loads or deviations."""
    for day, rows in payments.groupby(day_of(payments["interval_start"]), sort=True):
        totals = pay_uplift(ledger, rows)
        today = loads[day_of(loads["interval_start"]) == day]
        moved = None
        if deviating is not None:
            moved = deviation_mwh(deviating[day_of(deviating["interval_start"]) == day])
        charge_uplift(
            ledger,
            totals,
            run.rulebook.uplift.allocation,
            load_mwh(today),
            moved,
            rows["interval_start"].min(),
        )


def _check_price_nodes(run: Run) -> None:
    """Refuse units that are priced at a node of their own: they would be paid their bus's price."""
    units = run.case.units
    placed = units[units["node"].fillna("") != ""]
    if len(placed):
        first = placed.iloc[0]
        message = (
            f"{len(placed)} units, {first['unit']} first, have a price node ({first['node']}); "
            "settlement at price nodes is not built yet"
        )
        raise InputError.one("units", None, "node", "price_nodes", message)


def _check_real_time(run: Run, real_time: Run) -> None:
    """Refuse a day-ahead run in place of a real-time one: it would settle nothing, or twice."""
    if (
        real_time.id != run.id
        and real_time.settings.get("market") != "rt"
        and "decided" in real_time.stated
    ):
        message = (
            f"run {real_time.id[:12]} decided its own commitment, so it is a day-ahead run; a "
            "real-time run takes one over: counterflow clear CASE --commitment-from RUN"
        )
    else:
        return
    raise InputError.one("", None, "real_time", "day_ahead_run", message)


def _settle_real_time(
    ledger: Ledger, day_ahead: Market, real_time: Run
) -> tuple[Market, pd.DataFrame, pd.DataFrame]:
    interval = day_ahead_interval(day_ahead.run.prices, real_time.prices)
    spans = real_time.prices[["interval_start", "interval_end"]].drop_duplicates("interval_start")
    hours = hours_of(spans).set_axis(spans["interval_start"])
    actual = positions(real_time, ledger.operator)
    lost = lost_at_buses(actual, real_time, ledger.operator)
    market = Market(
        real_time,
        deviations(day_ahead.positions, actual, interval, hours),
        deviations(day_ahead.losses, lost, interval, hours),
        "_deviation",
    )
    settle_energy(ledger, market)
    moved = reserve_deviations(
        reserve_awards(real_time), reserve_awards(day_ahead.run), interval, real_time
    )
    settle_reserves(ledger, market, moved, actual)
    uplift = make_whole(real_time, day_ahead=day_ahead.run)
    _settle_uplift(ledger, uplift, actual, market.positions, day_ahead.run)
    return market, uplift, actual


def _manifest(
    run: Run,
    real_time: Run | None,
    version: str,
    funding: Funding | None,
    overrides: Mapping[str, str] | None,
) -> dict[str, Any]:
    starts, ends = run.case.interval_starts, run.case.interval_ends
    manifest: dict[str, Any] = {
        "name": run.case.meta.name,
        "start": starts[0].isoformat(),
        "end": ends[-1].isoformat(),
        "intervals": len(starts),
        "version": version,
        "run": run.id,
        "parent": run.manifest["parent"],
        "real_time": real_time.id if real_time is not None else None,
        "rulebook": run.rulebook.name,
        "rulebook_hash": run.rulebook.hash,
        "case_hash": run.case.hash,
        "code_version": run.manifest["code_version"],
        "currency": run.case.meta.currency,
        "timezone": run.case.meta.timezone,
        "operator": run.rulebook.settlement.operator,
        "overrides": dict(overrides or {}),
    }
    if funding is not None:
        ratio = funding.ratio
        manifest["rights"] = {
            "rent": str(funding.rent),
            "credits": str(funding.credits),
            "charges": str(funding.charges),
            "shortfall": str(funding.shortfall),
            "ratio": None if ratio.is_nan() else str(ratio.quantize(Decimal("0.000001"))),
        }
    return manifest
