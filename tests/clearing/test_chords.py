"""Losses by chords at the receiving end: by hand, and against a plain program by bus angles."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import counterflow as cf
from tests.oracles.chords import Line, solve

START = pd.Timestamp("2025-01-01T00:00:00+00:00")
CHORDS = {"losses.method": "chords"}


def case(
    lines: list[dict[str, object]],
    supply: list[tuple[int, float, float]],
    demand: list[float],
    links: list[dict[str, object]] | None = None,
    **tables: pd.DataFrame,
) -> cf.Case:
    """One half-hour: supply as (bus, MW, price), demand by bus."""
    names = [f"b{k}" for k in range(len(demand))]
    given = {
        "buses": pd.DataFrame({"bus": names}),
        "branches": pd.DataFrame(lines),
        "units": pd.DataFrame(
            [{"unit": f"u{k}", "bus": f"b{b}", "p_max": mw} for k, (b, mw, _) in enumerate(supply)]
        ),
        "offers": pd.DataFrame(
            [
                {"unit": f"u{k}", "segment": 1, "mw": mw, "price": price}
                for k, (_, mw, price) in enumerate(supply)
            ]
        ),
        "loads": pd.DataFrame({"load": [f"d{k}" for k in range(len(demand))], "bus": names}),
        "demand": pd.DataFrame(
            [{"interval_start": START, **{f"d{k}": mw for k, mw in enumerate(demand)}}]
        ),
    }
    if links:
        given["links"] = pd.DataFrame(links)
    given = {name: frame for name, frame in (given | tables).items() if len(frame)}
    meta = {"name": "chords", "start": START.isoformat(), "interval_minutes": 30}
    return cf.Case.build(meta, given)


def line(a: int, b: int, **more: object) -> dict[str, object]:
    """A line from bus to bus."""
    return {"branch": f"{a}-{b}", "from_bus": f"b{a}", "to_bus": f"b{b}", "x": 0.1, **more}


def test_losses_of_one_line_by_hand() -> None:
    """r = 0.02 of 100 MVA, rating 100, two segments of 50 MW.

    Slopes r C / base (e0 + e1): 0.02 * 0.5 = 0.01 and 0.02 * 1.5 = 0.03. To bring 79.5 MW, of which
    0.2 more are half the fixed loss, the line carries F with 50 * 0.99 + (F - 50) * 0.97 = 79.7:
    F = 50 + 30.2 / 0.97. One MW more there costs 1 / 0.97 MW at 10.
    """
    made = case(
        [line(0, 1, r=0.02, rating_mw=100.0, loss_segments=2, fixed_loss_mw=0.4)],
        [(0, 200.0, 10.0)],
        [0.0, 79.5],
    )
    run = cf.clear(made, commitment=False, settings=CHORDS)
    flow = 50.0 + 30.2 / 0.97
    assert run.flows["flow_mw"].iloc[0] == pytest.approx(flow, abs=1e-5)
    assert run.dispatch["mw"].iloc[0] == pytest.approx(flow + 0.2, abs=1e-5)
    assert run.prices.set_index("bus")["lmp"].to_dict() == pytest.approx(
        {"b0": 10.0, "b1": 10.0 / 0.97}, abs=1e-5
    )
    assert run.prices["unique"].all()


def test_a_rating_of_the_other_direction_holds() -> None:
    """100 MW from b0 to b1 are allowed, 30 MW back: the dear unit at b0 gives the rest of 50."""
    made = case(
        [line(0, 1, rating_mw=100.0, rating_reverse_mw=30.0)],
        [(1, 200.0, 10.0), (0, 200.0, 50.0)],
        [50.0, 0.0],
    )
    for settings in ({}, CHORDS):
        run = cf.clear(made, commitment=False, settings=settings)
        assert run.flows["flow_mw"].iloc[0] == pytest.approx(-30.0, abs=1e-4)
        row = run.constraints.iloc[0]
        assert (row["direction"], row["limit_mw"]) == ("lower", 30.0)
        assert row["shadow_price"] == pytest.approx(40.0)


def test_a_flow_at_the_end_of_a_segment_has_no_one_price() -> None:
    """At 50 MW sent exactly, 49.5 MW arrive: one more costs 10 / 0.97, one less saves 10 / 0.99."""
    made = case(
        [line(0, 1, r=0.02, rating_mw=100.0, loss_segments=2)], [(0, 200.0, 10.0)], [0.0, 49.5]
    )
    prices = {}
    for side in ("lower", "upper"):
        run = cf.clear(made, commitment=False, settings=CHORDS | {"pricing.tie_break": side})
        assert not run.prices.set_index("bus")["unique"]["b1"]
        prices[side] = run.prices.set_index("bus")["lmp"]["b1"]
    assert prices == pytest.approx({"lower": 10.0 / 0.99, "upper": 10.0 / 0.97}, abs=1e-5)


def test_energy_worth_nothing_is_not_lost_on_purpose() -> None:
    """A unit that pays to run floods b1; the loss stays that of the flow: 0.01 * 20 MW."""
    made = case(
        [line(0, 1, r=0.02, rating_mw=100.0, loss_segments=2)],
        [(0, 20.0, -5.0), (1, 50.0, -20.0)],
        [0.0, 60.0],
        units=pd.DataFrame(
            [
                {"unit": "u0", "bus": "b0", "p_max": 20.0, "p_min": 20.0},
                {"unit": "u1", "bus": "b1", "p_max": 50.0},
            ]
        ),
    )
    run = cf.clear(made, commitment=False, settings=CHORDS)
    assert run.flows["flow_mw"].iloc[0] == pytest.approx(20.0, abs=1e-5)
    output = run.dispatch.set_index("unit")["mw"]
    assert output["u1"] == pytest.approx(60.0 - 20.0 + 0.2, abs=1e-5)
    assert run.prices.set_index("bus")["lmp"]["b1"] < 0.0


@pytest.mark.parametrize("seed", range(6))
def test_random_grids_against_a_plain_program(seed: int) -> None:
    """Cost, prices, flows and the DC line, with limits that bind in some of them."""
    draw = np.random.default_rng(seed)
    count, lines, rows = 6, [], []
    ends = [(k, k + 1) for k in range(count - 1)] + [(0, 3), (1, 4), (2, 5)]
    for k, (a, b) in enumerate(ends):
        r, x = draw.uniform(0.005, 0.03), draw.uniform(0.05, 0.2)
        most = tuple(draw.uniform(12.0, 60.0, 2).round(1))
        segments, fixed = int(draw.choice([0, 1, 3, 6])), 0.3
        lines.append(_line(a, b, r, x, most, segments, fixed))
        rows.append(
            {
                "branch": f"L{k}",
                "from_bus": f"b{a}",
                "to_bus": f"b{b}",
                "r": r,
                "x": x,
                "rating_mw": most[0],
                "rating_reverse_mw": most[1],
                "loss_segments": segments,
                "fixed_loss_mw": fixed,
            }
        )
    lines.append(_line(0, 5, 0.03, 1.0, (40.0, 25.0), 3, 1.0, dc=True))
    link = {
        "link": "dc",
        "from_bus": "b0",
        "to_bus": "b5",
        "min_mw": -25.0,
        "max_mw": 40.0,
        "r": 0.03,
        "loss_segments": 3,
        "fixed_loss_mw": 1.0,
    }
    demand = draw.uniform(10.0, 40.0, count).round(2).tolist()
    units = [
        (int(b), float(mw), float(price))
        for b, mw, price in zip(
            [*range(count), 0, 3],
            draw.uniform(30.0, 60.0, 8).round(1),
            draw.uniform(10.0, 90.0, 8).round(2),
            strict=True,
        )
    ]
    expected = solve(demand, units, lines)
    run = cf.clear(case(rows, units, demand, [link]), commitment=False, settings=CHORDS)
    assert run.objective == pytest.approx(0.5 * expected.cost, rel=1e-7)
    assert run.flows["flow_mw"].to_numpy() == pytest.approx(expected.flow[:-1], abs=1e-4)
    assert run.link_flows["mw"].iloc[0] == pytest.approx(expected.flow[-1], abs=1e-4)
    assert run.prices["unique"].all()
    assert run.prices["lmp"].to_numpy() == pytest.approx(expected.price, abs=1e-5)


def _line(
    a: int,
    b: int,
    r: float,
    x: float,
    most: tuple[float, ...],
    count: int,
    fixed: float,
    *,
    dc: bool = False,
) -> Line:
    """Segments of equal width, chords of r F^2 / 100 between their ends."""
    ways = []
    for size in most:
        ends = np.linspace(0.0, size, count + 1)
        loss = r * ends**2 / 100.0
        widths = [*np.diff(ends)[:-1], np.inf] if count else []
        ways.append(list(zip(widths, np.diff(loss) / np.diff(ends), strict=True)) if count else [])
    return Line(a, b, x, (most[0], most[1]), (ways[0], ways[1]), fixed if count else 0.0, dc)


def test_prices_of_price_nodes_are_weighted() -> None:
    """A node of a quarter of b0 and three quarters of b1, and a unit that injects there."""
    nodes = pd.DataFrame({"node": ["n", "n"], "bus": ["b0", "b1"], "weight": [1.0, 3.0]})
    made = case(
        [line(0, 1, r=0.02, rating_mw=100.0, loss_segments=1)],
        [(0, 200.0, 10.0), (0, 8.0, 1.0)],
        [0.0, 46.0],
        price_nodes=nodes,
        units=pd.DataFrame(
            [
                {"unit": "u0", "bus": "b0", "p_max": 200.0, "node": ""},
                {"unit": "u1", "bus": "b0", "p_max": 8.0, "node": "n"},
            ]
        ),
    )
    run = cf.clear(made, commitment=False, settings=CHORDS)
    # 6 of the 8 MW of u1 are at b1; one segment loses 0.02 per MW: 40 = 0.98 F.
    assert run.flows["flow_mw"].iloc[0] == pytest.approx(40.0 / 0.98, abs=1e-5)
    price = run.node_prices.set_index("node")["lmp"]["n"]
    assert price == pytest.approx(0.25 * 10.0 + 0.75 * 10.0 / 0.98, abs=1e-5)


def test_a_branch_with_segments_needs_a_rating() -> None:
    made = case([line(0, 1, r=0.02, loss_segments=2)], [(0, 200.0, 10.0)], [0.0, 10.0])
    with pytest.raises(cf.InputError, match=r"branches row 2, rating_mw: .* needs one"):
        cf.clear(made, commitment=False, settings=CHORDS)


def test_a_custom_limit_on_a_flow_with_chords() -> None:
    """At most 20 MW on the line: what is missing is dear at b1, and the shadow price says it.

    One MW more of the limit brings 0.98 MW worth 50 instead of a MW at 10: 0.98 * 50 - 10 = 39.
    """
    made = case(
        [line(0, 1, r=0.02, rating_mw=100.0, loss_segments=1)],
        [(0, 200.0, 10.0), (1, 200.0, 50.0)],
        [0.0, 46.0],
        custom_constraints=pd.DataFrame([{"constraint": "cap", "limit_mw": 20.0}]),
        custom_terms=pd.DataFrame([{"constraint": "cap", "kind": "branch", "element": "0-1"}]),
    )
    run = cf.clear(made, commitment=False, settings=CHORDS)
    row = run.constraints.iloc[0]
    assert (row["kind"], row["flow_mw"]) == ("custom", pytest.approx(20.0, abs=1e-5))
    assert row["shadow_price"] == pytest.approx(39.0, abs=1e-5)
