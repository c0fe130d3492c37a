"""Reserve covers the largest risk, tied to output, shared over a link: by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import counterflow as cf
from cases.tables.schema import RUN_TABLES
from clearing import validate
from tests.clearing import national_day
from tests.clearing.test_validation_coverage import changed

NATIONAL = (
    *("node_prices", "published_prices", "published_reserve_prices"),
    *("risks_covered", "reserve_shared"),
)


def test_two_units_are_each_other_s_reserve() -> None:
    """A makes 80 MW, no more than the 80 MW that B gives; B's 20 and its 80 need 20 of A.

    One more MW of demand is one more of B (20) and of A's reserve (1): 21. One more MW of reserve
    lets A make one more for B (10), and saves A's reserve twice (1 for B's output, 1 for itself):
    12. A's risk is worth 21 - 10, B's 21 - 20.
    """
    run = cf.clear(national_day.one_zone(), commitment=False, settings=national_day.SETTINGS)
    assert run.dispatch.set_index("unit")["mw"].to_dict() == pytest.approx({"A": 80.0, "B": 20.0})
    assert run.reserves.set_index("unit")["mw"].to_dict() == pytest.approx({"A": 20.0, "B": 80.0})
    assert run.prices["lmp"].iloc[0] == pytest.approx(21.0)
    assert run.reserve_prices.set_index("zone")["price"]["Z"] == pytest.approx(12.0)
    covered = run.risks_covered.set_index("risk")
    assert covered["shadow_price"].to_dict() == pytest.approx({"A": 11.0, "B": 1.0})
    assert covered["risk_mw"].to_dict() == pytest.approx({"A": 100.0, "B": 100.0})


def test_a_share_of_output_binds() -> None:
    """With a share of 0.2 A gives 16 MW at 80 of output: B's 20 + 80 is not covered any more.

    a + b = 100, b <= 0.2 a: a >= 83.33, but A's risk is covered by 80 of B and what is short: at
    3.6667 MW short of both (a = 83.3333, b = 16.6667 = 0.2 a; a - 80 = 3.3333 short)... whichever
    is cheaper, by the penalty of 1000: no more than 80 of A, so 4 MW of B's risk stay open.
    """
    offers = national_day.one_zone().reserve_offers.assign(share_of_output=[0.2, np.nan])
    run = cf.clear(
        national_day.one_zone(reserve_offers=offers),
        commitment=False,
        settings=national_day.SETTINGS,
    )
    a, b = run.dispatch["mw"]
    given = run.reserves.set_index("unit")["mw"]
    assert given["A"] == pytest.approx(0.2 * a)
    short = run.slacks.set_index("element")["mw"]["fast"]
    assert short == pytest.approx(max(a - given["B"], b - given["A"]))
    # Both risks are short of the same MW: a - 80 = (100 - a) - 0.2 a.
    assert a == pytest.approx(180.0 / 2.2)
    assert short == pytest.approx(180.0 / 2.2 - 80.0)


def test_reserve_is_shared_over_a_line() -> None:
    """The line brings 150 MW of 153.06 sent; without 100 that is a risk of 50 for N alone.

    The load gives 5 MW, the thermal unit 45 at 30, which is N's price. 60 MW in all need 10 of S,
    of which 0.98 arrives and 0.8 counts: 12.755 sent, on top of nothing that S needs for itself.
    The 60 are worth 1 / (0.8 * 0.98) = 1.27551 a MW, the line's risk the rest of 30, and energy at
    N costs 10 / 0.98 and that.
    """
    run = national_day.shared_run()
    sent = 10.0 / 0.8 / 0.98
    manual = 1.0 / 0.8 / 0.98
    given = run.reserves.set_index("unit")["mw"]
    assert given.to_dict() == pytest.approx({"hydro": sent, "il": 5.0, "thermal": 45.0})
    price = run.reserve_prices.set_index("zone")["price"]
    assert (price["N"], price["S"]) == (pytest.approx(30.0), pytest.approx(1.0))
    covered = run.risks_covered.set_index("risk")
    assert covered["shadow_price"]["manual N"] == pytest.approx(manual)
    assert covered["shadow_price"]["dc"] == pytest.approx(30.0 - manual)
    assert covered["risk_mw"]["dc"] == pytest.approx(50.0)
    lmp = run.prices.set_index("bus")["lmp"]
    assert lmp["s"] == pytest.approx(10.0)
    assert lmp["n"] == pytest.approx(10.0 / 0.98 + 30.0 - manual)
    shared = run.reserve_shared.set_index(["from_zone", "to_zone"]).loc[("S", "N")]
    assert shared["flow_mw"] == pytest.approx(150.0 / 0.98)
    assert shared["sent_mw"] == pytest.approx(sent)
    assert shared["arrives_mw"] == pytest.approx(0.98 * sent)
    assert shared["received_mw"] == pytest.approx(10.0)


def test_a_short_risk_costs_its_curve() -> None:
    """Without offers in N its 60 MW are short but for 50 sent at most: 50 * 0.98 * 0.8 = 39.2.

    The line's risk of 50 MW is short by 45; one shortage covers both: 45 MW at 3000. A MW made in N
    spares one of them, so thermal energy at 50 is dispatched until the risk of the line is that of
    the manual one: 60 - 39.2 - 5 = 15.8 short, hence 20.8 of risk: 120.8 MW over the line.
    """
    offers = national_day.two_zones().reserve_offers
    run = cf.clear(
        national_day.two_zones(reserve_offers=offers[offers["unit"] != "thermal"]),
        commitment=False,
        settings=national_day.SETTINGS,
    )
    short = 60.0 - 50.0 * 0.98 * 0.8 - 5.0
    slack = run.slacks.iloc[0]
    assert (slack["constraint"], slack["kind"]) == ("fast:N", "reserve")
    assert slack["mw"] == pytest.approx(short, abs=1e-5)
    assert slack["cost"] == pytest.approx(0.5 * 3000.0 * short, abs=0.02)
    thermal = run.dispatch.set_index("unit")["mw"]["thermal"]
    assert thermal == pytest.approx(50.0 - 5.0 - short, abs=1e-5)


@pytest.mark.parametrize("table", NATIONAL)
def test_a_changed_cell_is_noticed(table: str) -> None:
    """Every number and word of the tables of a national market."""
    run = national_day.shared_run()
    frame = getattr(run, table)
    assert len(frame)
    declared = RUN_TABLES[table]
    for column in declared.columns:
        if column.unchecked or declared.unchecked or column.name in ("interval_end", "unique"):
            continue
        tables = {**run.tables, table: changed(frame, column.name, 0)}
        other = cf.Run(run.stated, tables, run.case, run.rulebook)
        assert len(validate(other)), f"{table}.{column.name}"


def test_a_requirement_beside_risks_is_refused() -> None:
    required = pd.DataFrame([{"product": "fast", "zone": "Z", "mw": 10.0}])
    case = national_day.one_zone(reserve_requirements=required)
    with pytest.raises(cf.InputError, match="a requirement and risks"):
        cf.clear(case, commitment=False, settings=national_day.SETTINGS)


def test_sharing_needs_one_interval_at_a_time() -> None:
    case = national_day.two_zones()
    stamps = [case.interval_starts[0], case.interval_ends[0]]
    demand = pd.DataFrame(
        {"interval_start": stamps, "dn": [150.0, 150.0], "ds": [50.0, 50.0], "il": [0.0, 0.0]}
    )
    longer = case.replace(intervals=2, demand=demand)
    with pytest.raises(cf.InputError, match=r"clearing\.horizon = sequential"):
        cf.clear(longer, commitment=False, settings=national_day.SETTINGS)
    own = national_day.SETTINGS | {"clearing.horizon": "sequential"}
    run = cf.clear(longer, settings=own)
    assert run.objective == pytest.approx(2.0 * national_day.shared_run().objective)
    assert not len(validate(run))
