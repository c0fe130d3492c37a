"""Guarantee payments and the statement of a committed day of RTS-GMLC, summed again by hand."""

from __future__ import annotations

import math
import warnings
from decimal import Decimal
from pathlib import Path

import pytest

import counterflow as cf
from cases.errors import DataWarning
from cases.run import Run
from counterflow.cli import invoke
from settlement import Statement, make_whole


@pytest.fixture(scope="module")
def run() -> Run:
    """A summer day with its commitment and its seven reserve requirements.

    As given, reserves are offered for nothing and are worth nothing; here they are offered at 3.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        case = cf.read_case("rts-gmlc/2020-07-27")
        case = case.replace(reserve_offers=case.reserve_offers.assign(price=3.0))
    return cf.clear(case)


def test_payments_are_the_losses_of_blocks(run: Run) -> None:
    price = {(r.interval_start, r.bus): r.lmp for r in run.prices.itertuples()}
    zone = dict(zip(run.case.buses["bus"], run.case.buses["zone"], strict=True))
    bus = dict(zip(run.case.units["unit"], run.case.units["bus"], strict=True))
    reserve_price = {
        (r.interval_start, r.product, r.zone): r.price for r in run.reserve_prices.itertuples()
    }
    reserve: dict[tuple[object, str], float] = {}
    for r in run.reserves.itertuples():
        local = (r.interval_start, r.product, zone[bus[r.unit]])
        worth = reserve_price.get(local, reserve_price.get((r.interval_start, r.product, "")))
        assert worth is not None
        key = (r.interval_start, r.unit)
        reserve[key] = reserve.get(key, 0.0) + r.mw * worth

    own = run.case.self_schedules.drop(columns="interval_start")
    losses: dict[tuple[str, object], float] = {}
    for unit, rows in run.dispatch.sort_values("interval_start").groupby("unit"):
        begin = None
        if unit in own and own[unit].notna().any():
            continue
        for r in rows.itertuples():
            if r.on and begin is None:
                begin = r.interval_start
                losses[unit, begin] = 0.0
            if not r.on and r.cost == 0:
                begin = None
                continue
            key = (unit, begin if begin is not None else r.interval_start)
            earned = r.mw * price[r.interval_start, r.bus] + reserve.get(
                (r.interval_start, unit), 0
            )
            losses[key] = losses.get(key, 0.0) + r.cost - earned
            if not r.on:
                begin = None
    expected = {key: loss for key, loss in losses.items() if loss > 0.006}
    table = make_whole(run)
    found = {(r.unit, r.interval_start): float(r.amount) for r in table.itertuples()}
    assert {key for key, loss in expected.items() if loss > 0.02} <= set(found)
    for key, amount in found.items():
        assert math.isclose(amount, losses[key], abs_tol=0.02)
    assert len(found) >= 5
    assert set(table["reason"]) >= {"reserve", "security"}


def test_the_statement_of_the_day_closes(run: Run, tmp_path: Path) -> None:
    run.write(tmp_path / "run")
    assert invoke(["settle", str(tmp_path / "run"), "-o", str(tmp_path / "money")]) == 0
    statement = Statement.read(tmp_path / "money")
    lines = statement.lines
    assert sum(lines["amount"], Decimal(0)) == 0
    amount = {item: sum(rows, Decimal(0)) for item, rows in lines.groupby("item")["amount"]}
    assert amount["uplift"] == sum(make_whole(run)["amount"], Decimal(0)) > 0
    assert amount["uplift_charge"] == -amount["uplift"]
    paid = sum(r.mw * r.lmp for r in run.load_awards.merge(run.prices).itertuples())
    assert math.isclose(float(amount["energy"]), -paid, rel_tol=1)
