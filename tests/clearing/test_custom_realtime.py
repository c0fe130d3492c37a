"""Custom constraints in real time: they hold in every window, as tables and as an extension.

The two-bus day of `test_extension`, in quarters of an hour: 100 MW at B, CHEAP at A for 10, DEAR at
B for 30. With 60 MW over the line both prices follow from hand: 10 and 30.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyomo.environ as pyo
import pytest

import clearing
import counterflow as cf
from tests.clearing.test_extension import small


def corridor(model: Any) -> None:
    model.corridor = pyo.Constraint(model.intervals, rule=lambda m, t: m.flow["L", t] <= 60.0)


def ahead_and_now() -> tuple[Any, Any]:
    return small(hours=1), small(minutes=15, hours=4)


@pytest.mark.parametrize("look_ahead", [1, 3])
def test_an_extension_of_the_day_ahead_run_holds_in_real_time(look_ahead: int) -> None:
    ahead, now = ahead_and_now()
    run = cf.clear(ahead, extend=corridor)
    real = cf.clear(now, commitment_from=run, settings={"realtime.look_ahead": look_ahead})
    lmp = real.prices.pivot(index="interval_start", columns="bus", values="lmp")
    assert lmp["A"].tolist() == pytest.approx([10.0] * 4)
    assert lmp["B"].tolist() == pytest.approx([30.0] * 4)
    assert real.constraints.shadow_price.tolist() == pytest.approx([20.0] * 4)
    assert real.settings["extend"]["name"] == "corridor"
    assert clearing.validate(real).empty


def test_tables_with_a_row_of_one_interval() -> None:
    """60 MW over the line in the second quarter alone, a unit held to 80 MW in the last."""
    ahead, now = ahead_and_now()
    starts = now.interval_starts
    now = now.replace(
        custom_constraints=pd.DataFrame(
            {
                "constraint": ["line", "unit"],
                "interval_start": [starts[1], starts[3]],
                "limit_mw": [60.0, 80.0],
            }
        ),
        custom_terms=pd.DataFrame(
            {"constraint": ["line", "unit"], "kind": ["branch", "unit"], "element": ["L", "CHEAP"]}
        ),
    )
    run = cf.clear(now, commitment_from=cf.clear(ahead), settings={"realtime.look_ahead": 2})
    lmp = run.prices.pivot(index="interval_start", columns="bus", values="lmp")
    assert lmp["A"].tolist() == pytest.approx([10.0, 10.0, 10.0, 30.0])
    assert lmp["B"].tolist() == pytest.approx([10.0, 30.0, 10.0, 30.0])
    assert run.constraints.constraint.tolist() == ["line", "unit"]
    cheap = run.dispatch[run.dispatch.unit == "CHEAP"].mw.tolist()
    assert cheap == pytest.approx([100.0, 60.0, 100.0, 80.0])


def test_a_cap_over_a_window_is_a_future_value() -> None:
    """In each window of two quarters CHEAP may give 30 MWh: 60 MW in each, worth 20 a MWh."""
    ahead, now = ahead_and_now()

    def cap(model: Any) -> None:
        used = sum(model.hours * model.output["CHEAP", t] for t in model.intervals)
        model.cap = pyo.Constraint(expr=used <= 60.0 * model.hours * len(model.intervals))

    run = cf.clear(
        now, commitment_from=cf.clear(ahead), extend=cap, settings={"realtime.look_ahead": 2}
    )
    own = run.future_values[run.future_values.reason == "extension"]
    assert own.value.tolist() == pytest.approx([-20.0] * 4)
    assert run.prices.lmp.tolist() == pytest.approx([30.0] * 8)
    assert clearing.validate(run).empty


def test_a_run_from_a_folder_needs_the_function(tmp_path: Any) -> None:
    ahead, now = ahead_and_now()
    cf.clear(ahead, extend=corridor).write(tmp_path / "run")
    read = cf.Run.read(tmp_path / "run")
    with pytest.raises(cf.InputError, match="its folder does not hold"):
        cf.clear(now, commitment_from=read)
    real = cf.clear(now, commitment_from=read, extend=corridor)
    assert real.constraints.shadow_price.tolist() == pytest.approx([20.0] * 4)
