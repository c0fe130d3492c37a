"""Figures: what they draw is what the tables say."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from cases import Run
from cases.errors import InputError
from counterflow import plots
from counterflow.plots.layout import bus_positions
from counterflow.plots.merit_order import offer_stack
from counterflow.plots.style import interval_labels, price_range
from tests.counterflow.five_bus import LMP, MW, five_bus_case, make_run


def test_map_colors_buses_by_price_and_marks_the_binding_line(day: Run) -> None:
    figure = plots.lmp_map(day)
    branches, binding, buses, middles = figure.data
    assert list(buses.marker.color) == pytest.approx(list(LMP.values()))
    assert (buses.marker.cmin, buses.marker.cmax) == (10.0, 39.942736)
    assert buses.text[3] == " <b>D</b> 39.94 "
    # D is at (3, 0) and E at (0, 0) in the case: coordinates are used as they are.
    assert list(binding.x[:2]) == [3.0, 0.0]
    assert list(binding.y[:2]) == [0.0, 0.0]
    assert len(branches.x) == 6 * 3
    assert "240.0 MW of 240.0 MW" in middles.hovertext[0]
    assert "62.32 $/MWh" in middles.hovertext[0]
    assert len(figure.frames) == 24
    assert len(figure.layout.sliders[0].steps) == 24
    assert figure.layout.sliders[0].steps[17].label == "17:00"


def test_map_follows_the_hours(day: Run) -> None:
    prices = day.prices.copy()
    last = prices["interval_start"] == day.case.interval_starts[23]
    prices.loc[last, ["lmp", "mec"]] += 5.0
    constraints = day.constraints[day.constraints["interval_start"] != day.case.interval_starts[23]]
    figure = plots.lmp_map(
        make_run(day.case, {**day.tables, "prices": prices, "constraints": constraints})
    )
    lines, buses, middles = figure.frames[23].data
    assert list(buses.marker.color) == pytest.approx([p + 5.0 for p in LMP.values()])
    assert len(lines.x) == len(middles.x) == 0
    assert figure.data[2].marker.cmax == pytest.approx(44.942736)


def test_map_without_coordinates_says_so(run: Run) -> None:
    buses = run.case.buses.assign(x=np.nan, y=np.nan)
    figure = plots.lmp_map(make_run(run.case.replace(buses=buses), run.tables))
    assert "positions are a layout of the graph" in figure.layout.title.subtitle.text
    assert len(set(zip(figure.data[2].x, figure.data[2].y, strict=True))) == 5


def test_map_draws_the_members_of_an_interface(run: Run) -> None:
    case = run.case.replace(
        interfaces=pd.DataFrame({"interface": "west to east", "branch": ["A-B", "A-D"]}),
        interface_limits=pd.DataFrame({"interface": ["west to east"], "max_mw": 440.0}),
    )
    constraints = run.constraints.assign(
        constraint="west to east", direction="upper", flow_mw=436.5, limit_mw=436.5
    )
    figure = plots.lmp_map(make_run(case, {**run.tables, "constraints": constraints}))
    assert list(figure.data[3].text) == ["A-B", "A-D"]


def test_heat_map(day: Run) -> None:
    heat = plots.lmp_heat_map(day).data[0]
    assert heat.z.shape == (5, 24)
    # Zones by mean price, buses by mean price within them: dearest on top.
    assert list(heat.customdata[:, 0]) == [
        "E (west)",
        "A (west)",
        "B (east)",
        "C (east)",
        "D (east)",
    ]
    assert list(heat.z[:, 7]) == pytest.approx([LMP[b] for b in "EABCD"])
    assert heat.x[17] == "17:00"


def test_price_duration(run: Run) -> None:
    figure = plots.price_duration(run)
    curves = {trace.name: trace for trace in figure.data}
    every = curves["every bus and interval"]
    assert list(every.y[:5]) == sorted(LMP.values(), reverse=True)
    assert list(every.x) == pytest.approx([0, 20, 40, 60, 80, 100])
    assert curves["system, load-weighted"].y[0] == pytest.approx(32.892432)


def test_merit_order(run: Run) -> None:
    stack = offer_stack(run, run.case.interval_starts[0])
    assert stack["unit"].tolist() == ["Brighton", "Alta", "Park City", "Solitude", "Sundance"]
    assert stack["from"].tolist() == [0.0, 600.0, 640.0, 810.0, 1330.0]
    assert stack["taken"].tolist() == [MW[u] for u in stack["unit"]]
    figure = plots.merit_order(run)
    lines = {trace.name: trace for trace in figure.data if trace.type == "scatter"}
    assert list(lines["cleared 1,000 MW"].x) == pytest.approx([1000.0, 1000.0])
    assert lines["load-weighted LMP 32.89 $/MWh"].y[0] == pytest.approx(32.892432)


def test_merit_order_shows_output_without_an_offer(run: Run) -> None:
    offers = run.offers_used[run.offers_used["unit"] != "Alta"]
    own = make_run(run.case, {**run.tables, "offers_used": offers})
    stack = offer_stack(own, run.case.interval_starts[0])
    assert stack.loc[0, ["unit", "price", "mw"]].tolist() == ["Alta", 0.0, 40.0]
    assert stack["taken"].sum() == pytest.approx(1000.0)


def test_merit_order_of_an_interval_that_is_not_there(run: Run) -> None:
    with pytest.raises(InputError, match="no interval starts at"):
        plots.merit_order(run, pd.Timestamp("2024-03-06T00:00-05:00"))


def test_constraint_rent(day: Run) -> None:
    after = day.constraints.assign(contingency="A-B", shadow_price=1.0)
    constraints = pd.concat([day.constraints, after], ignore_index=True)
    figure = plots.constraint_rent(make_run(day.case, {**day.tables, "constraints": constraints}))
    bars = {trace.name: trace for trace in figure.data}
    assert list(bars["base case"].y) == ["D-E (lower)"]
    assert bars["base case"].x[0] == pytest.approx(24 * 240 * 62.322042)
    assert list(bars["after an outage"].y) == ["D-E after A-B (lower)"]
    assert figure.layout.yaxis.categoryarray == ("D-E after A-B (lower)", "D-E (lower)")


def test_nothing_binds(run: Run, changed: Callable[..., Run]) -> None:
    figure = plots.constraint_rent(changed(constraints=run.constraints.iloc[:0]))
    assert figure.layout.annotations[0].text == "No constraint binds."


def test_units_are_in_the_cases_currency(run: Run) -> None:
    yuan = make_run(five_bus_case(currency="yuan"), run.tables)
    for draw in (plots.lmp_map, plots.lmp_heat_map, plots.price_duration, plots.merit_order):
        assert "(yuan/MWh)" in draw(yuan).layout.title.text
    assert "(yuan)" in plots.constraint_rent(yuan).layout.title.text


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([10.0, 20.0, 30.0], (10.0, 30.0, False)),
        ([20.0, 20.0], (19.5, 20.5, False)),
        ([np.nan, np.nan], (0.0, 1.0, False)),
    ],
)
def test_color_range(values: list[float], expected: tuple[float, float, bool]) -> None:
    assert price_range(np.array(values)) == expected


def test_color_range_is_clipped_and_said_so_for_a_few_extreme_prices() -> None:
    low, high, clipped = price_range(np.array([*np.linspace(10, 40, 999), 2000.0]))
    assert clipped
    assert low == 10.0
    assert high < 100.0


def test_labels_tell_the_repeated_hour_apart() -> None:
    starts = pd.date_range("2024-11-03T04:00Z", periods=25, freq="h").tz_convert("America/New_York")
    labels = interval_labels(starts)
    assert labels[:4] == ["00:00", "01:00 -0400", "01:00 -0500", "02:00"]
    assert len(set(labels)) == 25


class TestLayout:
    def grid(self, n: int, **xy: object) -> tuple[pd.DataFrame, pd.DataFrame]:
        buses = pd.DataFrame({"bus": [str(i) for i in range(n)], "x": np.nan, "y": np.nan} | xy)
        ring = pd.DataFrame(
            {
                "from_bus": buses["bus"],
                "to_bus": np.roll(buses["bus"].to_numpy(), 1),
                "in_service": True,
            }
        )
        return buses, ring

    @pytest.mark.parametrize("n", [1, 2, 3, 60, 300, 2000])
    def test_every_size_has_distinct_finite_places(self, n: int) -> None:
        buses, branches = self.grid(n)
        xy, mapped = bus_positions(buses, branches if n > 1 else branches.iloc[:0])
        assert not mapped
        assert np.isfinite(xy).all()
        assert len(np.unique(xy.round(9), axis=0)) == n

    @pytest.mark.parametrize("n", [60, 300])
    def test_the_same_grid_has_the_same_layout(self, n: int) -> None:
        first, second = (bus_positions(*self.grid(n))[0] for _ in range(2))
        assert (first == second).all()

    def test_a_bus_without_coordinates_goes_between_its_neighbors(self) -> None:
        x = [0.0, 1.0, np.nan, 3.0, 4.0]
        xy, mapped = bus_positions(*self.grid(5, x=x, y=[0.0, 2.0, np.nan, 4.0, 0.0]))
        assert mapped
        assert xy[2].tolist() == [2.0, 3.0]

    def test_buses_at_one_place_are_told_apart(self) -> None:
        xy, _ = bus_positions(*self.grid(3, x=[0.0, 0.0, 10.0], y=[0.0, 0.0, 0.0]))
        assert distance(xy[0], xy[1]) > 0.1
        assert distance(xy[0], np.zeros(2)) < 0.2

    def test_islands_are_side_by_side(self) -> None:
        buses, branches = self.grid(6)
        branches = branches[branches["from_bus"].isin(["1", "2", "4", "5"])]
        xy, _ = bus_positions(buses, branches)
        assert xy[:3, 0].max() < xy[3:, 0].min()


def distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(a - b))


def test_pages_are_whole_and_need_no_network(day: Run, tmp_path: Path) -> None:
    pages = plots.write(day, tmp_path / "figures")
    assert pages[0] == tmp_path / "figures" / "index.html"
    assert {p.name for p in (tmp_path / "figures").iterdir()} == {
        "index.html",
        "plotly.min.js",
        *(p.name for p in pages),
    }
    for page in pages:
        text = page.read_text()
        assert "http://" not in text
        assert "https://" not in text
    with pytest.raises(InputError, match="exists already"):
        plots.write(day, tmp_path / "figures")


def test_the_same_run_gives_the_same_pages(run: Run, tmp_path: Path) -> None:
    first, second = (plots.write(run, tmp_path / name) for name in ("one", "two"))
    for a, b in zip(first, second, strict=True):
        assert a.read_bytes() == b.read_bytes()


def test_an_interrupted_write_leaves_nothing(
    day: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(run: Run) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(plots.page.FIGURES, "merit_order", ("Merit order", interrupted))
    with pytest.raises(KeyboardInterrupt):
        plots.write(day, tmp_path / "figures")
    assert list(tmp_path.iterdir()) == []
