"""Impact where units that run are chosen anew: what offers keep out, and ties in cost."""

from __future__ import annotations

from typing import Any

import pytest

from cases import Case, Run
from mitigation.again.rerun import EngineRerun
from tests.mitigation.two_buses import cleared, market, mitigated, prices, replaced

OFF: dict[str, Any] = {"min_up": 1.0, "initial_hours": -24.0}
CHOSEN_ANEW = ["isone", "miso", "spp", "nyiso", "default"]


@pytest.mark.parametrize("rulebook", CHOSEN_ANEW)
def test_a_unit_that_its_own_offer_keeps_out_is_found(rulebook: str) -> None:
    """M3: at J 60 MW beyond the line. G asks 500 and stays off, K sets 200.

    At its reference of 30 G gives the 60 MW (20 to 100): the price is 30, a fall of 170 against
    min(200 % of 30, 100) = 60, or 25 and 15 in tighter areas.
    """
    units = [
        {"unit": "B", "bus": "W", "mw": 300.0, "price": 20.0},
        {"unit": "G", "bus": "J", "mw": 100.0, "price": 500.0, "reference": 30.0}
        | {"p_min": 20.0, **OFF},
        {"unit": "K", "bus": "J", "mw": 100.0, "price": 200.0},
    ]
    run = cleared(market(units, load_w=[40.0] * 2, load_j=[160.0] * 2), commitment=True)
    assert prices(run, "J") == [200.0, 200.0]
    everyone = {"mitigation.conduct.applies_to": "all"} if rulebook == "isone" else {}
    made = mitigated(run, units, rulebook, everyone)
    assert replaced(made) == {"G"}
    assert prices(made, "J") == [30.0, 30.0]
    assert made.dispatch.query("unit == 'G'")["mw"].tolist() == [60.0, 60.0]


def tie(asked: float) -> list[dict[str, Any]]:
    """M15: load 40 and 120. G off: 300 x 0 ... 140 x 20 + 20 x 120 = 5200; on: the same.

    On, G gives its minimum of 25: 135 x 20 + 25 x 30 + 1750 = 5200. Off, J is at 120, on, at 20.
    """
    return [
        {"unit": "B", "bus": "W", "mw": 300.0, "price": 20.0},
        {"unit": "G", "bus": "J", "mw": 100.0, "price": 30.0, "no_load": 1750.0}
        | {"p_min": 25.0, **OFF},
        {"unit": "K", "bus": "J", "mw": 100.0, "price": 120.0},
        {"unit": "X", "bus": "W", "mw": 50.0, "price": asked, "reference": 30.0},
    ]


def test_nothing_replaced_has_no_impact_and_a_tie_in_cost_is_none() -> None:
    """X at W, 400 over a reference of 30, is never in merit at 20: it moves nothing."""
    for asked in (30.0, 400.0):
        units = tie(asked)
        run = cleared(market(units, load_w=[40.0], load_j=[120.0]), commitment=True)
        assert run.objective == pytest.approx(5200.0)
        made = mitigated(run, units, "nyiso")
        assert replaced(made) == set()
        assert made.objective == run.objective and prices(made, "J") == prices(run, "J")
        rows = made.tests_impact
        assert not (rows["result"] == "fail").any()
        if asked == 30.0:
            assert rows.empty


def test_a_new_commitment_within_the_gaps_gives_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """M15 with X replaced, and a rerun that comes upon the other schedule, which costs 0.5 more.

    G on: J falls from 120 to 20, as if by X, though X moved nothing. That schedule saves nothing,
    and with G off, as it is, J stays: not measurable, and X is kept.
    """
    units = tie(400.0)
    units[1]["no_load"] = 1750.5
    run = cleared(market(units, load_w=[40.0], load_j=[120.0]), commitment=True, gap=0.0)
    assert prices(run, "J") == [120.0]

    def other_schedule(_self: EngineRerun, case: Case) -> Run:
        on = case.units.assign(must_run=case.units["unit"] == "G")
        return cleared(case.replace(units=on), commitment=True, gap=0.0)

    monkeypatch.setattr(EngineRerun, "reoptimized", other_schedule)
    made = mitigated(run, units, "nyiso", {"mitigation.rerun.commitment": "reoptimized"})
    assert replaced(made) == set()
    rows = made.tests_impact.query("scope == 'bus' and subject == 'J'")
    assert rows["difference"].tolist() == [100.0]
    assert rows["result"].tolist() == ["not measurable"]
    (row,) = made.decisions.query("conduct_result == 'fail'").to_dict("records")
    assert (row["impact_result"], row["action"]) == ("not measurable", "kept")
    assert "cannot be measured" in str(made.explain(unit="X", at=str(row["interval_start"])))
