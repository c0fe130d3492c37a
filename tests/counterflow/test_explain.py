"""Why a price is what it is, against published five-bus numbers and hand arithmetic."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import counterflow as cf
from cases import Case, Run
from cases.errors import DataWarning, InputError
from counterflow.explain.marginal import block_at
from tests.counterflow.five_bus import DFAX, LMP, SHADOW, START, five_bus_case, make_run

FACTORS = {
    # mitigation.md 9H, unit participation factors of Solitude and Brighton.
    "A": (0.348868, 0.651132),
    "B": (0.819223, 0.180777),
    "C": (1.0, 0.0),
    "D": (1.497137, -0.497137),
    "E": (0.0, 1.0),
}


@pytest.mark.parametrize("bus", list(LMP))
def test_published_terms_add_up_to_the_price(run: Run, bus: str) -> None:
    # LMP = 10 at the slack E + 62.322042 * DFAX, e.g. D = 10 + 62.322042 * 0.48045178 = 39.942736.
    found = cf.explain_price(run, bus=bus, at="00:00")
    terms = found.terms.set_index("term")
    assert terms.loc["energy", "amount"] == 10.0
    assert terms.loc["congestion", "amount"] == pytest.approx(SHADOW * DFAX[bus], abs=1e-9)
    assert terms.loc["congestion", "constraint"] == "D-E"
    assert terms["amount"].sum() == pytest.approx(LMP[bus], abs=2e-6)
    assert abs(found.residual) < 2e-6
    assert found.lmp == LMP[bus]


@pytest.mark.parametrize("bus", list(LMP))
def test_published_participation_factors(run: Run, bus: str) -> None:
    found = cf.explain_price(run, bus=bus, at="00:00")
    assert found.determined
    factors = found.setters.set_index("name")["coefficient"]
    solitude, brighton = FACTORS[bus]
    assert factors.get("Solitude", 0.0) == pytest.approx(solitude, abs=1e-6)
    assert factors.get("Brighton", 0.0) == pytest.approx(brighton, abs=1e-6)
    assert factors.sum() == pytest.approx(1.0)
    assert found.setters["amount"].sum() == pytest.approx(LMP[bus], abs=1e-4)


def test_load_weighted_factors(run: Run) -> None:
    # mitigation.md 9H: Solitude 1.144622, Brighton -0.144622; 1.144622 * 30 - 0.144622 * 10.
    total = {"Solitude": 0.0, "Brighton": 0.0}
    for bus, weight in {"B": 0.3, "C": 0.3, "D": 0.4}.items():
        setters = cf.explain_price(run, bus=bus, at="00:00").setters
        for name, factor in zip(setters["name"], setters["coefficient"], strict=True):
            total[name] += weight * factor
    assert total["Solitude"] == pytest.approx(1.144622, abs=1e-6)
    assert total["Brighton"] == pytest.approx(-0.144622, abs=1e-6)


def test_a_unit_at_the_edge_of_its_block_sets_one_of_several_prices(
    changed: Callable[..., Run],
) -> None:
    dispatch = changed().dispatch.copy()
    dispatch.loc[dispatch["unit"] == "Solitude", "mw"] = 520.0
    found = cf.explain_price(changed(dispatch=dispatch), bus="D", at="00:00")
    assert found.determined
    assert found.reason.startswith("the output of Solitude lies at the edge of a block")
    assert found.setters.set_index("name")["edge"].to_dict() == {
        "Solitude": True,
        "Brighton": False,
    }
    assert found.setters["amount"].sum() == pytest.approx(39.942736, abs=1e-4)
    other = cf.explain_price(changed(dispatch=dispatch), bus="E", at="00:00")
    assert other.reason == ""


def test_a_degenerate_optimum_is_not_guessed_at(changed: Callable[..., Run]) -> None:
    run = changed()
    dispatch, offers = run.dispatch.copy(), run.offers_used.copy()
    dispatch.loc[dispatch["unit"] == "Solitude", "mw"] = 520.0
    offers.loc[offers["unit"] == "Solitude", "price"] = 29.0
    found = cf.explain_price(changed(dispatch=dispatch, offers_used=offers), bus="D", at="00:00")
    assert not found.determined
    assert "degenerate" in found.reason
    assert found.setters["coefficient"].isna().all()
    assert found.setters["name"].tolist() == ["Brighton"]
    assert found.terms["amount"].sum() == pytest.approx(39.942736, abs=2e-6)


def test_two_equal_offers_at_one_bus_share_one_coefficient(run: Run) -> None:
    case = run.case
    units = pd.concat([case.units, case.units[case.units["unit"] == "Solitude"]])
    units = units.reset_index(drop=True)
    units.loc[5, "unit"] = "Twin"
    offers = pd.concat([case.offers, case.offers[case.offers["unit"] == "Solitude"]])
    offers = offers.reset_index(drop=True)
    offers.loc[5, "unit"] = "Twin"
    dispatch = pd.concat([run.dispatch, run.dispatch[run.dispatch["unit"] == "Solitude"]])
    dispatch = dispatch.reset_index(drop=True)
    dispatch.loc[5, "unit"] = "Twin"
    dispatch.loc[dispatch["unit"].isin(["Solitude", "Twin"]), "mw"] = 323.494846 / 2
    twins = make_run(
        case.replace(units=units, offers=offers),
        {
            **run.tables,
            "dispatch": dispatch,
            "offers_used": offers.assign(
                interval_start=case.interval_starts[0], source="submitted"
            ),
        },
    )
    found = cf.explain_price(twins, bus="C", at="00:00")
    assert found.determined
    row = found.setters.iloc[0]
    assert (row["name"], row["owner"], row["bus"]) == ("Solitude or Twin", "Canyon", "C")
    assert row["mw"] == pytest.approx(323.494846)
    assert row["coefficient"] == pytest.approx(1.0)


def test_an_offer_that_is_not_the_price_is_named(changed: Callable[..., Run]) -> None:
    offers = changed().offers_used.copy()
    offers.loc[offers["unit"] == "Solitude", "price"] = 31.0
    found = cf.explain_price(changed(offers_used=offers), bus="D", at="00:00")
    assert not found.determined
    assert found.held == ("Solitude",)


def test_a_price_that_does_not_exist(changed: Callable[..., Run]) -> None:
    prices = changed().prices.copy()
    prices.loc[prices["bus"] == "B", ["lmp", "mec", "mcc", "mlc"]] = np.nan
    found = cf.explain_price(changed(prices=prices), bus="B", at="00:00")
    assert not found.determined
    assert found.reason == "there is no price at this bus"
    assert np.isnan(found.lmp)


def test_unknown_bus_names_the_nearest(run: Run) -> None:
    with pytest.raises(InputError, match="there is no bus 'DD'; nearest of 5: D"):
        cf.explain_price(run, bus="DD", at="00:00")


def test_outside_the_day_names_the_nearest_intervals(run: Run) -> None:
    with pytest.raises(InputError, match=r"no interval holds .*2024-03-05T00:00:00-05:00"):
        cf.explain_price(run, bus="D", at="2024-03-06T00:00")


def one_bus(demand: list[float], **tables: pd.DataFrame) -> Case:
    starts = pd.date_range(pd.Timestamp(START), periods=len(demand), freq="h")
    return Case.build(
        {"name": "one bus", "start": START, "intervals": len(demand)},
        {
            "buses": pd.DataFrame({"bus": ["X"]}),
            "units": pd.DataFrame(
                {"unit": ["slow", "fast"], "bus": "X", "p_max": 200.0, "ramp_up": [50.0, np.nan]}
            ),
            "offers": pd.DataFrame(
                {"unit": ["slow", "fast"], "segment": 1, "mw": 200.0, "price": [10.0, 50.0]}
            ),
            "loads": pd.DataFrame({"load": ["town"], "bus": "X"}),
            "demand": pd.DataFrame({"interval_start": starts, "town": demand}),
            **tables,
        },
    )


def one_bus_run(case: Case, mw: dict[str, list[float]], lmp: list[float], **more: object) -> Run:
    starts, ends = case.interval_starts, case.interval_ends
    span = {"interval_start": starts, "interval_end": ends}
    blank = {"mcc": 0.0, "mlc": 0.0}
    dispatch = [
        pd.DataFrame(
            {**span, "unit": u, "bus": "X", "mw": mw[u], "available_mw": 200.0, "on": True}
        )
        for u in mw
    ]
    offers = [case.offers.assign(interval_start=start) for start in starts]
    tables = {
        "prices": pd.DataFrame({**span, "bus": "X", "lmp": lmp, "mec": lmp, **blank}),
        "dispatch": pd.concat(dispatch, ignore_index=True),
        "offers_used": pd.concat(offers, ignore_index=True),
        "load_awards": pd.DataFrame(
            {**span, "load": "town", "bus": "X", "mw": case.demand["town"], "bid_mw": 0.0}
        ),
    }
    return make_run(case, {**tables, **more})  # type: ignore[dict-item]


def test_a_binding_ramp_brings_in_the_next_interval() -> None:
    # Demand 100 then 200, slow (10) may rise 50 an hour: slow 100, 150; fast (50) 0, 50.
    # One more MW in the first hour is made by slow at 10 and lets it rise to one more in the
    # second, where fast makes one less: 10 + 10 - 50 = -30.
    case = one_bus([100.0, 200.0])
    starts, ends = case.interval_starts, case.interval_ends
    ramp = pd.DataFrame(
        {
            "interval_start": starts[1:],
            "interval_end": ends[1:],
            "constraint": "ramp_up:slow",
            "kind": "ramp_up",
            "element": "slow",
            "contingency": "",
            "direction": "upper",
            "limit_mw": 50.0,
            "flow_mw": 50.0,
            "shadow_price": 40.0,
            "penalty_mw": 0.0,
        }
    )
    run = one_bus_run(
        case, {"slow": [100.0, 150.0], "fast": [0.0, 50.0]}, [-30.0, 50.0], constraints=ramp
    )
    found = cf.explain_price(run, bus="X", at="2024-03-05T00:00-05:00")
    assert found.determined
    setters = found.setters.set_index(["name", "interval_start"])["coefficient"]
    assert setters[("slow", starts[0])] == pytest.approx(1.0)
    assert setters[("slow", starts[1])] == pytest.approx(1.0)
    assert setters[("fast", starts[1])] == pytest.approx(-1.0)
    assert found.setters["amount"].sum() == pytest.approx(-30.0)
    later = cf.explain_price(run, bus="X", at="2024-03-05T01:00-05:00")
    assert later.setters["name"].tolist() == ["fast"]


def test_a_bid_sets_the_price() -> None:
    # Both units full at 400 MW, demand 380 and a bid of 50 MW at 90: 20 MW of it are served.
    case = one_bus(
        [380.0],
        bids=pd.DataFrame({"load": ["town"], "segment": 1, "mw": 50.0, "price": 90.0}),
    )
    span = {"interval_start": case.interval_starts, "interval_end": case.interval_ends}
    awards = pd.DataFrame({**span, "load": "town", "bus": "X", "mw": 400.0, "bid_mw": 20.0})
    run = one_bus_run(case, {"slow": [200.0], "fast": [200.0]}, [90.0], load_awards=awards)
    found = cf.explain_price(run, bus="X", at="2024-03-05T00:00-05:00")
    assert found.setters[["kind", "name", "coefficient"]].to_numpy().tolist() == [
        ["bid", "town", pytest.approx(1.0)]
    ]


def test_a_shortage_is_priced_at_its_penalty() -> None:
    with pytest.warns(DataWarning, match="above all supply"):
        case = one_bus([450.0])
    span = {"interval_start": case.interval_starts, "interval_end": case.interval_ends}
    slacks = pd.DataFrame(
        {
            **span,
            "constraint": "balance",
            "kind": "balance",
            "element": "0",
            "direction": "shortage",
            "mw": 50.0,
            "penalty": 5000.0,
            "cost": 250000.0,
        }
    )
    run = one_bus_run(case, {"slow": [200.0], "fast": [200.0]}, [5000.0], slacks=slacks)
    found = cf.explain_price(run, bus="X", at="2024-03-05T00:00-05:00")
    assert found.determined
    assert found.setters.loc[0, ["kind", "amount"]].tolist() == ["shortage", 5000.0]


def test_a_limit_at_its_penalty_sets_the_price_behind_it(run: Run) -> None:
    # With D-E exceeded at 2000, C (DFAX 0.32091375) costs 10 + 2000 * 0.32091375 = 651.8275:
    # one part Brighton's offer and 0.32091375 of the penalty.
    constraints = run.constraints.assign(shadow_price=2000.0, penalty_mw=5.0, flow_mw=-245.0)
    terms = run.price_terms.assign(shadow_price=2000.0)
    lmp = 10.0 + 2000.0 * np.array(list(DFAX.values()))
    prices = run.prices.assign(lmp=lmp, mcc=lmp - 10.0)
    dispatch = run.dispatch.copy()
    dispatch.loc[dispatch["unit"] == "Solitude", "mw"] = 520.0
    over = make_run(
        run.case,
        {
            **run.tables,
            "constraints": constraints,
            "price_terms": terms,
            "prices": prices,
            "dispatch": dispatch,
        },
    )
    found = cf.explain_price(over, bus="C", at="00:00")
    assert found.determined
    factors = found.setters.set_index("kind")["coefficient"]
    assert factors["unit"] == pytest.approx(1.0)
    assert factors["penalty"] == pytest.approx(0.32091375)


def test_a_link_carries_a_price_from_one_island_to_another() -> None:
    # X has a unit at 20; Y has none and is fed by a link that loses 5 %: Y = 20 / 0.95.
    case = Case.build(
        {"name": "two islands", "start": START, "intervals": 1},
        {
            "buses": pd.DataFrame({"bus": ["X", "Y"]}),
            "units": pd.DataFrame({"unit": ["g", "spare"], "bus": ["X", "Y"], "p_max": 200.0}),
            "offers": pd.DataFrame(
                {"unit": ["g", "spare"], "segment": 1, "mw": 200.0, "price": [20.0, 99.0]}
            ),
            "links": pd.DataFrame(
                {
                    "link": ["cable"],
                    "from_bus": "X",
                    "to_bus": "Y",
                    "max_mw": 150.0,
                    "loss_fraction": 0.05,
                }
            ),
            "loads": pd.DataFrame({"load": ["town"], "bus": "Y"}),
            "demand": pd.DataFrame({"interval_start": [pd.Timestamp(START)], "town": [95.0]}),
        },
    )
    start, end = case.interval_starts[0], case.interval_ends[0]
    span = {"interval_start": start, "interval_end": end}
    price = [20.0, 20.0 / 0.95]
    run = make_run(
        case,
        {
            "prices": pd.DataFrame(
                {**span, "bus": ["X", "Y"], "lmp": price, "mec": price, "mcc": 0.0, "mlc": 0.0}
            ),
            "dispatch": pd.DataFrame(
                {
                    **span,
                    "unit": ["g", "spare"],
                    "bus": ["X", "Y"],
                    "mw": [100.0, 0.0],
                    "available_mw": 200.0,
                    "on": True,
                }
            ),
            "offers_used": case.offers.assign(interval_start=start),
            "link_flows": pd.DataFrame(
                {
                    **span,
                    "link": ["cable"],
                    "from_bus": "X",
                    "to_bus": "Y",
                    "mw": 100.0,
                    "loss_mw": 5.0,
                }
            ),
        },
    )
    found = cf.explain_price(run, bus="Y", at="2024-03-05T00:00-05:00")
    assert found.determined
    factors = found.setters.set_index("name")["coefficient"]
    assert factors["g"] == pytest.approx(1 / 0.95)


@pytest.mark.parametrize(
    ("mw", "price"),
    [
        (0.0, None),
        (5.0, 10.0),
        (10.0, None),
        (15.0, 20.0),
        (20.0, 20.0),  # the edge between two blocks of one price is no edge
        (29.0, 20.0),
        (30.0, None),
        (31.0, None),
    ],
)
def test_block_of_an_output(mw: float, price: float | None) -> None:
    assert block_at([10.0, 10.0, 10.0], [10.0, 20.0, 20.0], mw) == price


def test_explains_one_hour_of_a_day(day: Run) -> None:
    found = cf.explain_price(day, bus="D", at="17:20")
    assert found.interval_start == pd.Timestamp("2024-03-05T17:00-05:00")
    assert found.determined
    assert len(found.setters) == 2


def test_currency_is_the_cases(run: Run) -> None:
    case = five_bus_case(currency="yuan")
    assert cf.explain_price(make_run(case, run.tables), bus="D", at="00:00").currency == "yuan"
