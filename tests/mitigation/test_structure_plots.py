"""Figures of structural tests hold the numbers of the tables."""

from __future__ import annotations

import numpy as np
import pytest

from cases.errors import InputError
from cases.run import Run
from counterflow.plots.structure import pivotal_heat_map, relief_supply_curve, structure_duration
from mitigation.indices.tested import tables_of
from mitigation.structure.run import StructureTests, structure_tests
from tests.mitigation.markets import cleared, five_bus


@pytest.fixture(scope="module")
def tested() -> tuple[Run, StructureTests]:
    run = cleared(five_bus("A2", reference="E", load_factors=(0.3, 0.9, 1.0, 1.1)))
    found = structure_tests(run, model=run.model)
    tables = {**run.tables, **tables_of(found)}
    return Run(run.manifest, tables, run.case, run.rulebook), found


def test_heat_map_marks_failures(tested: tuple[Run, StructureTests]) -> None:
    run, _ = tested
    cells = pivotal_heat_map(run).data[0]
    assert list(cells.y) == ["D-E ←"]
    assert np.isnan(cells.z[0][0])  # nothing binds at night
    assert cells.z[0][2] == 0
    assert list(cells.text[0]) == ["", "✕", "✕", "✕"]
    assert cells.customdata[0][2].tolist() == [2, 2]


def test_relief_curve_holds_the_segments(tested: tuple[Run, StructureTests]) -> None:
    run, _ = tested
    figure = relief_supply_curve(run, "D-E", "2026-07-01 02:00")
    bars = {trace.name: trace for trace in figure.data}
    assert list(bars) == ["south", "east"]
    assert bars["south"].x[0] == 0
    assert bars["south"].width[0] == pytest.approx(137.992911, abs=1e-4)
    assert bars["east"].x[0] == pytest.approx(137.992911, abs=1e-4)
    assert bars["east"].y[0] == pytest.approx(62.441229, abs=1e-4)
    texts = [note.text for note in figure.layout.annotations]
    assert "need 26.9" in texts
    assert "clears at 62.32" in texts


def test_relief_curve_of_a_constraint_that_was_not_tested(
    tested: tuple[Run, StructureTests],
) -> None:
    run, _ = tested
    with pytest.raises(InputError, match="tested then: D-E"):
        relief_supply_curve(run, "A-B", "2026-07-01 02:00")


def test_relief_curve_shows_the_dearest_test_when_none_is_named(
    tested: tuple[Run, StructureTests],
) -> None:
    run, found = tested
    dearest = found.verdicts.loc[found.verdicts["shadow_price"].idxmax()]
    subtitle = relief_supply_curve(run).layout.title.subtitle.text
    assert f"{dearest['interval_start']:%Y-%m-%d %H:%M}" in subtitle


def test_duration_curves(tested: tuple[Run, StructureTests]) -> None:
    run, _ = tested
    figure = structure_duration(run)
    assert [trace.name for trace in figure.data] == ["rsi1", "rsi2", "rsi3"]
    assert figure.data[0].y[0] == pytest.approx(930 / 270)
    assert figure.data[0].x.tolist() == [0, 25, 50, 75, 100]
    assert structure_duration(run, ["hhi.cleared"]).layout.yaxis.title.text == "HHI"


def test_a_run_without_tests() -> None:
    with pytest.raises(InputError, match="no three-pivotal-supplier tests"):
        pivotal_heat_map(cleared(five_bus("A2", load_factors=(0.3,))))
