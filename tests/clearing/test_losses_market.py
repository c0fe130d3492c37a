"""Losses through the rest of the market: commitment, settlement, structural tests, reruns."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import highspy
import numpy as np
import pandas as pd
import pytest

import clearing
import counterflow as cf
from cases import Case, Run
from clearing.validation.validate import validate
from mitigation.again.engine import EngineModel
from tests.clearing.test_losses import LOSSES, case_of, random_grid
from tests.oracles import losses as oracle

INF = math.inf


def with_owners(case: Case) -> Case:
    units, loads = case.tables["units"], case.tables["loads"]
    owners = [f"O{k % 3}" for k in range(len(units))]
    return case.replace(
        units=units.assign(owner=owners),
        loads=loads.assign(owner="L"),
        owners=pd.DataFrame({"owner": ["O0", "O1", "O2", "L"]}),
    )


@pytest.mark.parametrize("tight", [False, True])
def test_settlement_sums_to_zero(tight: bool) -> None:
    """Losses are charged at twice their amount and bought once: the surplus is their worth.

    It is the sum over branches of the MW lost at the mean price of the ends.
    """
    run = cf.clear(with_owners(case_of(random_grid(1, tight))), commitment=False, settings=LOSSES)
    statement = cf.settle(run)
    assert sum(statement.lines["amount"], Decimal(0)) == 0
    money = statement.lines.groupby("item")["amount"].sum()
    price = run.prices.set_index("bus")["lmp"]
    lines = run.case.tables["branches"]
    flow = run.flows.set_index("branch")["flow_mw"].loc[lines["branch"]].to_numpy()
    lost = lines["r"].to_numpy() * flow**2 / run.case.meta.base_mva
    mean = 0.5 * (price[lines["from_bus"]].to_numpy() + price[lines["to_bus"]].to_numpy())
    worth = float((mean * lost).sum())
    rent = float((run.constraints["shadow_price"] * run.constraints["limit_mw"]).sum())
    operator = -float(money["loss_surplus"]) - float(money.get("congestion_rent", 0))
    assert abs(operator) == pytest.approx(worth + rent, rel=1e-3)
    assert run.manifest["losses"]["mwh"] == pytest.approx(lost.sum(), abs=1e-3)


def test_validator_sees_wrong_losses() -> None:
    run = cf.clear(case_of(random_grid(3, True)), commitment=False, settings=LOSSES)
    assert validate(run).empty
    prices = run.tables["prices"]
    wrong = prices.assign(mlc=prices["mlc"] * 1.05, mcc=prices["mcc"] - 0.05 * prices["mlc"])
    found = validate(Run(run.manifest, {**run.tables, "prices": wrong}, run.case, run.rulebook, []))
    assert "prices.mlc" in set(found["check"])
    dispatch = run.tables["dispatch"]
    more = dispatch.assign(mw=dispatch["mw"] + 0.1 * (dispatch["mw"] == dispatch["mw"].max()))
    tables = {**run.tables, "dispatch": more}
    found = validate(Run(run.manifest, tables, run.case, run.rulebook, []))
    assert "balance.energy" in set(found["check"])


def commitment_case() -> Case:
    """B0 offers 20, a line with losses to 100 MW at B1, where 24 and a start of 50 wait."""
    grid = oracle.Grid((0.0, 100.0), ((0, 1, 0.1, 0.1, INF),), ((0, 300.0, 20.0), (1, 300.0, 24.0)))
    case = case_of(grid, "B0")
    costs = pd.DataFrame(
        [{"unit": "G1", "component": "startup", "after_hours_off": 0.0, "price": 50.0}]
    )
    units = case.tables["units"].assign(initial_hours=[10.0, -10.0], p_min=[0.0, 5.0])
    return case.replace(units=units, commitment_offers=costs)


def test_losses_decide_who_runs() -> None:
    """Alone, G0 makes F + 0.0005 F^2 with F = (1 - sqrt(0.8)) / 0.001 = 105.572809, at 2222.91.

    Together: one MW from B0 is worth 24 (1 - rho) / (1 + rho) = 20 at rho = 1 / 11, F = 90.909091:
    G0 makes 95.041322, G1 100 - 86.776860 = 13.223140, cost 1900.826 + 317.355 + 50 = 2268.18. So
    G1 stays off; at a start of 2 it runs: 2220.18. Without losses it never does.
    """
    alone = (1.0 - math.sqrt(0.8)) / 0.001
    assert 20.0 * (alone + 0.0005 * alone**2) == pytest.approx(2222.91, abs=0.01)
    case = commitment_case()
    for startup, on, cost in ((50.0, [True, False], 2222.91), (2.0, [True, True], 2220.18)):
        offers = case.tables["commitment_offers"].assign(price=startup)
        own = case.replace(commitment_offers=offers)
        run = cf.clear(own, settings=LOSSES, gap=1e-6)
        assert run.dispatch["on"].tolist() == on
        assert run.objective == pytest.approx(cost, abs=0.01)
        assert run.manifest["bound"] <= run.objective + 1e-6
        assert run.manifest["gap"] <= 1e-6
        assert any("tangents" in warning for warning in run.manifest["warnings"])
        assert cf.clear(own).dispatch["on"].tolist() == [True, False]


def test_rerun_with_other_offers_is_a_new_clearing() -> None:
    case = case_of(random_grid(5, True))
    first = cf.clear(case, commitment=False, settings=LOSSES)
    offers = case.tables["offers"]
    other = case.replace(offers=offers.assign(price=offers["price"].to_numpy()[::-1]))
    fresh = cf.clear(other, commitment=False, settings=LOSSES)
    again = clearing.reclear(first, other)
    assert again.objective == pytest.approx(fresh.objective, abs=1e-3)
    assert again.prices["lmp"].to_numpy() == pytest.approx(fresh.prices["lmp"].to_numpy(), abs=0.01)


def test_live_model_without_a_limit_and_back() -> None:
    """Freeing the limit gives the uncongested program; then everything is as it was."""
    grid = random_grid(0, True)
    run = cf.clear(case_of(grid), commitment=False, settings=LOSSES)
    free = oracle.Grid(
        grid.demand, tuple((a, b, r, x, INF) for a, b, r, x, _ in grid.branches), grid.blocks
    )
    model = EngineModel(run.model)
    limits = run.constraints[["interval_start", "constraint", "contingency", "direction"]]
    found = model.solve_without(limits, alike=0.9)
    assert found.prices["lmp"].to_numpy() == pytest.approx(oracle.prices(free), abs=0.01)
    back: Any = run.model.session.solve()
    assert back.prices.lmp.ravel() == pytest.approx(run.prices["lmp"].to_numpy(), abs=1e-3)


def test_losses_that_do_not_settle_are_an_error() -> None:
    settings = {**LOSSES, "losses.iterations": 1}
    with pytest.raises(cf.NoClearing, match="did not settle in 1 iterations"):
        cf.clear(case_of(random_grid(0, True)), commitment=False, settings=settings)


def test_run_with_losses_is_written_and_read(tmp_path: Path) -> None:
    run = cf.clear(case_of(random_grid(2, True)), commitment=False, settings=LOSSES)
    run.write(tmp_path / "run")
    read = Run.read(tmp_path / "run")
    assert validate(read).empty
    assert read.manifest["losses"]["mwh"] == pytest.approx(run.manifest["losses"]["mwh"])
    assert np.isfinite(read.prices["mlc"]).all()


def test_rts_day_settles() -> None:
    """A whole day with hours of glut, where energy is worth less than nothing, and reserves."""
    case = cf.read_case("rts-gmlc/2020-07-15")
    case = case.replace(storage=case.tables["storage"].iloc[:0])
    run = cf.clear(case, commitment=False, settings=LOSSES)
    told = run.manifest["losses"]
    assert told["residual_mw"] <= 1e-5
    demand = float(run.load_awards["mw"].sum())
    assert 0.01 * demand < told["mwh"] < 0.05 * demand
    assert run.prices["lmp"].min() < 0.0
    assert validate(run).empty


def test_written_model_has_the_losses(tmp_path: Path) -> None:
    run = cf.clear(case_of(random_grid(1, True)), commitment=False, settings=LOSSES)
    run.model.write_lp(tmp_path / "model.lp")
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.readModel(str(tmp_path / "model.lp"))
    highs.run()
    assert highs.getInfo().objective_function_value == pytest.approx(run.objective, rel=1e-7)
