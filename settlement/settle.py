"""Settle a run: every rule in order, one ledger, and the checks that it closes."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pandas as pd

from cases.errors import CheckFailed
from cases.run import Run
from settlement.contracts.contracts import settle_contracts
from settlement.futures.lines import settle_futures
from settlement.given import Given
from settlement.ledger.frames import hours_of
from settlement.ledger.ledger import Ledger
from settlement.ledger.money import Number
from settlement.ledger.statement import Statement
from settlement.market.balance import balance_sheet, reconciliation
from settlement.market.losses import lost_at_buses
from settlement.market.make_whole import make_whole
from settlement.market.positions import day_ahead_interval, deviations, positions
from settlement.market.reserves import reserve_awards, reserve_deviations
from settlement.market.two_settlement import Market, settle_energy, settle_reserves
from settlement.market.uplift import charge_uplift, deviation_mwh, load_mwh, pay_uplift
from settlement.rights.funding import Funding, settle_rights

__all__ = ["settle"]


def settle(
    run: Run,
    *,
    contracts: pd.DataFrame | None = None,
    contract_curves: pd.DataFrame | None = None,
    futures: pd.DataFrame | None = None,
    rights: pd.DataFrame | None = None,
    real_time: Run | None = None,
    overrides: Mapping[str, str] | None = None,
    collateral: Mapping[str, Number] | None = None,
    version: str = "initial",
) -> Statement:
    """Settle a run under its rulebook.

    Parameters
    ----------
    run
        A cleared (or mitigated) run: the day-ahead market, or the only one.
    contracts, contract_curves, futures, rights
        Tables as in a case folder; what is not given is taken from the run's case.
    real_time
        The real-time run of the same day: deviations from `run` are settled at its prices.
    overrides
        Contract -> "who: why" for curves that were fixed after signing; shown in their lines.
    collateral
        Owner -> collateral: futures beyond their owner's margin are refused. None: not checked.
    version
        Name of this settlement: initial, final, ...

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
        futures=futures,
        rights=rights,
        overrides=overrides,
        collateral=collateral,
    )
    ledger = Ledger(run.rulebook.settlement)
    scheduled = positions(run, ledger.operator)
    day_ahead = Market(run, scheduled, lost_at_buses(scheduled, run, ledger.operator))
    settle_energy(ledger, day_ahead)
    settle_reserves(ledger, day_ahead, reserve_awards(run), day_ahead.positions)
    uplift = make_whole(run)
    _settle_uplift(ledger, uplift, day_ahead.positions, None, run)
    markets = [day_ahead]
    if real_time is not None:
        market, later = _settle_real_time(ledger, day_ahead, real_time)
        markets.append(market)
        uplift = pd.concat([uplift, later], ignore_index=True) if len(later) else uplift
    settle_contracts(
        ledger, given.contracts, given.curves, given.prices, run.case.interval_hours, overrides
    )
    funding = None
    if len(given.rights):
        funding = settle_rights(ledger, given.rights, run, ledger.total(["congestion_rent"]))
    settle_futures(ledger, given.futures, given.product, given.prices, run.case.interval_hours)
    if ledger.total() != 0:
        raise CheckFailed([f"the statement does not sum to zero: {ledger.total()} is left"])
    timezone = run.case.meta.timezone
    return Statement(
        ledger.frame(timezone),
        uplift,
        balance_sheet(ledger, markets),
        reconciliation(ledger, timezone),
        _manifest(run, real_time, version, funding, overrides),
    )


def _settle_uplift(
    ledger: Ledger,
    payments: pd.DataFrame,
    loads: pd.DataFrame,
    deviating: pd.DataFrame | None,
    run: Run,
) -> None:
    """Pay the blocks of every day and charge that day's loads or deviations."""
    for day, rows in payments.groupby(payments["interval_start"].dt.normalize(), sort=True):
        totals = pay_uplift(ledger, rows)
        today = loads[loads["interval_start"].dt.normalize() == day]
        moved = None
        if deviating is not None:
            moved = deviation_mwh(deviating[deviating["interval_start"].dt.normalize() == day])
        charge_uplift(
            ledger,
            totals,
            run.rulebook.uplift.allocation,
            load_mwh(today),
            moved,
            rows["interval_start"].min(),
        )


def _settle_real_time(
    ledger: Ledger, day_ahead: Market, real_time: Run
) -> tuple[Market, pd.DataFrame]:
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
    return market, uplift


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
