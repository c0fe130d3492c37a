"""Transmission rights by hand: a triangle of equal lines, the five-bus market, phase shifters."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from cases import Case, InputError, NoClearing
from settlement import settle
from settlement.rights import auction_rights, simultaneous_feasibility
from settlement.rights.points import point_shares
from tests.settlement.markets import case_of, five_bus

COLUMNS = ["right", "owner", "kind", "source", "sink", "mw", "price"]


def triangle(shift: float = 0.0, **tables: pd.DataFrame) -> Case:
    """Buses 1, 2, 3 with equal reactances; line 1-2 carries at most 100 MW."""
    branches = pd.DataFrame(
        {
            "branch": ["1-2", "2-3", "1-3"],
            "from_bus": ["1", "2", "1"],
            "to_bus": ["2", "3", "3"],
            "x": 0.1,
            "shift_deg": [shift, 0.0, 0.0],
            "rating_mw": [100.0, np.nan, np.nan],
            "emergency_rating_mw": [120.0, np.nan, np.nan],
        }
    )
    return case_of(
        ["1", "2", "3"],
        {"G": ("g", "1", 500.0, 20.0)},
        {"L2": ("l", "2", [30.0]), "L3": ("l", "3", [90.0])},
        zones={"1": "A", "2": "B", "3": "B"},
        tables={"branches": branches, **tables},
    )


def rights(*rows: tuple[str, str, str, str, float, float]) -> pd.DataFrame:
    table = pd.DataFrame([(name, f"owner {name}", *rest) for name, *rest in rows], columns=COLUMNS)
    return table.assign(start=pd.NaT, end=pd.NaT)


def test_obligations_use_two_thirds_and_one_third() -> None:
    # 1 -> 2 puts 2/3 on line 1-2, 1 -> 3 puts 1/3, 3 -> 2 puts 1/3.
    assert simultaneous_feasibility(
        rights(("a", "obligation", "1", "2", 150.0, 0.0)), triangle()
    ).feasible
    test = simultaneous_feasibility(
        rights(("a", "obligation", "1", "2", 150.0, 0.0), ("b", "obligation", "1", "3", 3.0, 0.0)),
        triangle(),
    )
    (row,) = test.violations.to_dict("records")
    assert (row["constraint"], row["contingency"], row["direction"]) == ("1-2", "", "upper")
    assert row["excess_mw"] == pytest.approx(1.0)


def test_counterflow_helps_as_an_obligation_but_not_as_an_option() -> None:
    forward = ("a", "obligation", "1", "2", 180.0, 0.0)
    back = ("b", "obligation", "2", "1", 30.0, 0.0)
    assert simultaneous_feasibility(rights(forward, back), triangle()).feasible
    option = ("b", "option", "2", "1", 30.0, 0.0)
    assert not simultaneous_feasibility(rights(forward, option), triangle()).feasible


def test_a_phase_shifter_takes_its_part_of_the_limit() -> None:
    # The same rights that fill the line without a shift overload it by exactly its loop flow.
    case = triangle(shift=-3.0)
    # Loop flow: base_mva * shift / (x12 + x23 + x13) = 100 * (3 pi / 180) / 0.3 = 17.4533 MW.
    loop = 100 * np.radians(3) / 0.3
    full = ("a", "obligation", "1", "2", 150.0, 0.0)
    test = simultaneous_feasibility(rights(full), case)
    assert test.violations["excess_mw"].tolist() == pytest.approx([loop])
    fits = ("a", "obligation", "1", "2", (100 - loop) * 1.5, 0.0)
    assert simultaneous_feasibility(rights(fits), case).feasible


def test_outages_against_emergency_ratings() -> None:
    full = rights(("a", "obligation", "1", "2", 130.0, 0.0))
    assert simultaneous_feasibility(full, triangle()).feasible
    test = simultaneous_feasibility(full, triangle(), security="n-1")
    # Without 1-3 or 2-3 all 130 MW take line 1-2, whose emergency rating is 120 MW.
    assert test.violations[["contingency", "excess_mw"]].to_numpy().tolist() == [
        ["2-3", pytest.approx(10.0)], ["1-3", pytest.approx(10.0)],
    ]  # fmt: skip


def test_interfaces_limit_rights_too() -> None:
    case = triangle(
        interfaces=pd.DataFrame({"interface": "out", "branch": ["1-2", "1-3"], "weight": 1.0}),
        interface_limits=pd.DataFrame({"interface": ["out"], "min_mw": -50.0, "max_mw": 80.0}),
    )
    for source, sink, limit in (("1", "3", 80.0), ("3", "1", -50.0)):
        test = simultaneous_feasibility(rights(("a", "obligation", source, sink, 90.0, 0.0)), case)
        (row,) = test.violations.to_dict("records")
        assert (row["constraint"], row["limit_mw"]) == ("out", limit)


def test_unit_outages_cannot_be_tested_and_are_named() -> None:
    case = triangle(
        contingencies=pd.DataFrame({"contingency": ["loss of G"], "kind": "unit", "element": "G"})
    )
    test = simultaneous_feasibility(
        rights(("a", "obligation", "1", "2", 10.0, 0.0)), case, security="n-1"
    )
    assert test.feasible
    assert test.untested == ("loss of G",)


def test_auction_by_hand() -> None:
    # Both rights want line 1-2: 1 -> 2 pays 10 per MW and uses 2/3, so 15 per MW of line;
    # 1 -> 3 pays 6 and uses 1/3, so 18. 1 -> 3 gets all its 90 MW (30 MW of line), 1 -> 2 the
    # other 70 MW of line: 105 MW. The line is worth 15: clearing prices 10 and 5.
    bids = rights(
        ("a", "obligation", "1", "2", 200.0, 10.0), ("b", "obligation", "1", "3", 90.0, 6.0)
    )
    auction = auction_rights(bids, triangle())
    assert auction.awards["mw"].tolist() == pytest.approx([105, 90])
    assert auction.awards["price"].tolist() == pytest.approx([10, 5])
    assert auction.revenue == pytest.approx(105 * 10 + 90 * 5)
    (row,) = auction.constraints.to_dict("records")
    assert (row["constraint"], row["direction"]) == ("1-2", "upper")
    assert (row["flow_mw"], row["shadow_price"]) == pytest.approx((100, 15))
    # Revenue = shadow price x limit.
    assert auction.revenue == pytest.approx(15 * 100)


def test_auction_respects_rights_that_are_held() -> None:
    bids = rights(("b", "obligation", "1", "2", 500.0, 10.0))
    held = rights(("a", "option", "1", "2", 60.0, 0.0), ("c", "option", "2", "1", 60.0, 0.0))
    auction = auction_rights(bids, triangle(), held=held)
    # The option against the flow gives nothing back: (100 - 40) x 1.5.
    assert auction.awards["mw"].tolist() == pytest.approx([90])
    too_much = rights(("a", "obligation", "1", "2", 160.0, 0.0))
    with pytest.raises(InputError, match="rights already held are not feasible: 1-2"):
        auction_rights(bids, triangle(), held=too_much)


def test_auction_of_options_and_obligations_with_outages() -> None:
    bids = rights(("a", "option", "1", "2", 500.0, 10.0), ("b", "obligation", "2", "1", 500.0, 1.0))
    auction = auction_rights(bids, triangle(), security="n-1")
    awards = bids.assign(mw=auction.awards["mw"])
    assert simultaneous_feasibility(awards, triangle(), security="n-1").feasible
    more = awards.assign(mw=awards["mw"] + [0.1, 0.0])
    assert not simultaneous_feasibility(more, triangle(), security="n-1").feasible


def test_no_auction_where_shifters_alone_break_a_limit() -> None:
    with pytest.raises(NoClearing, match="phase shifters"):
        auction_rights(rights(("a", "option", "1", "2", 5.0, 1.0)), triangle(shift=-20.0))


def test_points_are_buses_hubs_and_zones() -> None:
    case = triangle(hubs=pd.DataFrame({"hub": "H", "bus": ["1", "2"], "weight": [1.0, 3.0]}))
    expected = {"2": [0, 1, 0], "H": [0.25, 0.75, 0], "A": [1, 0, 0], "B": [0, 0.25, 0.75]}
    for point, shares in expected.items():
        found = point_shares(case, point)
        assert found is not None
        assert found.tolist() == pytest.approx(shares)
    assert point_shares(case, "zone:B") is not None
    assert point_shares(case, "hub:B") is None


def test_bad_rights_are_all_named() -> None:
    bad = rights(
        ("a", "obligation", "1", "9", 1.0, 0.0),
        ("b", "obligation", "nowhere", "2", 1.0, 0.0),
        ("c", "obligation", "2", "2", 1.0, 0.0),
    )
    with pytest.raises(InputError) as caught:
        simultaneous_feasibility(bad, triangle())
    texts = [str(failure) for failure in caught.value.failures]
    assert texts[0].startswith("rights row 2, sink: right a: there is no bus, hub or zone '9'")
    assert "row 3, source: right b" in texts[1]
    assert "right c: source and sink are the same" in texts[2]


def test_rights_between_islands_are_refused() -> None:
    whole = triangle()
    units = whole.units.assign(unit="H", bus="2")
    case = whole.replace(
        branches=whole.branches.assign(in_service=[False, True, False]),
        units=pd.concat([whole.units, units]),
        offers=pd.concat([whole.offers, whole.offers.assign(unit="H")]),
    )
    with pytest.raises(InputError, match="right a: no path leads from 1 to 2"):
        simultaneous_feasibility(rights(("a", "obligation", "1", "2", 1.0, 0.0)), case)


def test_unknown_security_is_named() -> None:
    with pytest.raises(InputError, match="security is none or n-1, not 'n-2'"):
        simultaneous_feasibility(
            rights(("a", "obligation", "1", "2", 1.0, 0.0)), triangle(), security="n-2"
        )  # type: ignore[arg-type]


# Settlement on the published five-bus market: rent 14957.29, line D-E with shadow price 62.322.


def test_a_right_from_e_to_d_hedges_the_congestion_between_them() -> None:
    held = rights(("a", "obligation", "E", "D", 400.0, 0.0))
    statement = settle(five_bus(), rights=held)
    # 400 MW x (39.942736 - 10): what Utility D pays for congestion (11977.09).
    assert statement.total("owner a") == Decimal("11977.09")
    assert statement.total("operator", "right") == Decimal("-11977.09")
    assert statement.manifest["rights"]["ratio"] == "1.248825"
    assert statement.total() == 0


def test_obligations_can_cost_and_options_cannot() -> None:
    held = rights(("a", "obligation", "D", "E", 10.0, 0.0), ("b", "option", "D", "E", 10.0, 0.0))
    statement = settle(five_bus(), rights=held)
    assert statement.total("owner a") == Decimal("-299.43")
    assert "owner b" not in set(statement.lines["owner"])


def test_too_many_rights_are_prorated_or_paid_in_full_by_rulebook() -> None:
    held = rights(
        ("a", "obligation", "E", "D", 800.0, 0.0), ("b", "obligation", "E", "C", 400.0, 0.0)
    )
    statement = settle(five_bus(), rights=held)
    # 800 x 29.942736 + 400 x 20 = 31954.19 against a rent of 14957.29.
    assert statement.total(item="right") == 0
    received = statement.total("owner a") + statement.total("owner b")
    assert received == Decimal("14957.29")
    assert statement.total("operator") == statement.total("operator", "rounding")
    ratio = statement.total("owner a") / statement.total("owner b")
    assert float(ratio) == pytest.approx(23954.19 / 8000, rel=1e-5)
    assert statement.manifest["rights"]["shortfall"] == "16996.90"
    assert statement.total() == 0
    full = settle(five_bus({"settlement.rights.shortfall": "pay_in_full"}), rights=held)
    assert full.total("owner a") + full.total("owner b") == Decimal("31954.19")
    assert full.total("operator", "congestion_rent") == Decimal("14957.29")
    assert full.total("operator") < 0
    assert full.total() == 0


def test_the_term_of_a_right() -> None:
    run = five_bus()
    start, end = run.case.interval_starts[0], run.case.interval_ends[0]
    held = rights(
        ("a", "obligation", "E", "D", 10.0, 0.0), ("b", "obligation", "E", "D", 10.0, 0.0)
    ).assign(start=[start, end], end=[end, end + pd.Timedelta(days=1)])
    statement = settle(run, rights=held)
    assert statement.total("owner a") == Decimal("299.43")
    assert "owner b" not in set(statement.lines["owner"])
