"""What must hold of every mitigated day, whatever its numbers."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import counterflow as cf
from mitigation.references import at_same_mw
from tests.fresh import FIXED
from tests.oracles import dcopf
from tests.strategies import Shape, random_case, seeds, shapes

quick = {Phase.explicit, Phase.generate, Phase.shrink}
examples = settings(deadline=None, derandomize=FIXED, phases=quick)
TIGHT = {
    "mitigation.conduct.energy.percent": 20,
    "mitigation.conduct.energy.absolute": 20,
    "mitigation.impact.price.percent": 5,
    "mitigation.impact.price.absolute": 5,
}
NEVER = {
    "mitigation.conduct.energy.percent": float("inf"),
    "mitigation.conduct.energy.absolute": float("inf"),
}


def levels_of(case: cf.Case) -> pd.DataFrame:
    """The offers of a case as reference levels."""
    return case.offers.assign(component="energy", after_hours_off=np.nan, method="given")


def raised(case: cf.Case, seed: int) -> cf.Case:
    """The case with the offers of about a third of its units raised."""
    rng = np.random.default_rng(seed)
    units = case.units["unit"].to_list()
    more = {unit: rng.choice([0.0, 0.0, 15.0, 60.0, 250.0]) for unit in units}
    offers = case.offers
    price = offers["price"] + offers["unit"].map(more)
    return case.replace(offers=offers.assign(price=price))


def cleared(case: cf.Case) -> cf.Run:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        return cf.clear(case, commitment=False)


def day(shape: Shape, seed: int) -> tuple[cf.Run, pd.DataFrame]:
    """A cleared day on which some offers are high, and the references they are measured by."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        case = random_case(shape, seed)
        return cleared(raised(case, seed)), levels_of(case)


def mitigated(run: cf.Run, levels: pd.DataFrame, **others: object) -> cf.Run:
    chosen = {**TIGHT, **{f"mitigation.{key}": value for key, value in others.items()}}
    return cf.mitigate(run, references=levels, settings=chosen)


small = shapes(most_buses=7, most_intervals=3)
modes = st.sampled_from(["joint", "per_owner", "per_unit"])


@pytest.mark.slow
@settings(examples, max_examples=6)
@given(small, seeds, st.sampled_from(["joint", "per_unit"]))
def test_the_result_is_an_independent_clearing_at_the_substituted_offers(
    shape: Shape, seed: int, mode: str
) -> None:
    run, levels = day(shape, seed)
    made = mitigated(run, levels, **{"impact.mode": mode})
    assert made.objective == pytest.approx(dcopf.solve(made.case).objective, rel=1e-6, abs=1e-3)
    assert made.objective <= run.objective + 1e-6 * max(1.0, abs(run.objective))
    assert len(cf.validate(made)) == 0
    both = at_same_mw(run.offers_used, made.offers_used)
    assert (both["offered"] <= both["reference"] + 1e-9).all(), "never above what was submitted"
    of_level = at_same_mw(levels, made.offers_used).merge(
        made.offers_used[["unit", "interval_start", "segment", "source"]],
        on=["unit", "interval_start", "segment"],
    )
    replaced = of_level[of_level["source"] == "reference"]
    assert (replaced["offered"] >= replaced["reference"] - 1e-7).all(), "never below the reference"


@pytest.mark.slow
@settings(examples, max_examples=4)
@given(small, seeds)
def test_the_same_output_never_costs_more(shape: Shape, seed: int) -> None:
    """As-bid dispatch, priced at the offers after substitution."""
    run, levels = day(shape, seed)
    made = mitigated(run, levels)
    output = run.dispatch[["unit", "interval_start", "mw"]]

    def cost(offers: pd.DataFrame) -> float:
        rows = offers.merge(output.rename(columns={"mw": "output"}), on=["unit", "interval_start"])
        rows = rows.sort_values(["unit", "interval_start", "segment"])
        below = rows.groupby(["unit", "interval_start"])["mw"].cumsum() - rows["mw"]
        filled = (rows["output"] - below).clip(lower=0.0).clip(upper=rows["mw"])
        return float((filled * rows["price"]).sum())

    assert cost(made.offers_used) <= cost(run.offers_used) + 1e-6 * abs(cost(run.offers_used))


@settings(examples, max_examples=3)
@given(small, seeds)
def test_infinite_thresholds_change_nothing(shape: Shape, seed: int) -> None:
    run, levels = day(shape, seed)
    made = cf.mitigate(run, references=levels, settings=NEVER)
    pd.testing.assert_frame_equal(made.prices, run.prices, check_exact=True)
    pd.testing.assert_frame_equal(made.offers_used, run.offers_used, check_exact=True)
    assert made.objective == run.objective
    assert not (made.decisions["action"] == "mitigated").any()


def test_infinite_thresholds_leave_the_same_bytes(tmp_path: Path) -> None:
    run, levels = day(Shape(buses=5, intervals=2), 3)
    made = cf.mitigate(run, references=levels, settings=NEVER)
    run.write(tmp_path / "as-bid")
    made.write(tmp_path / "mitigated")
    for name in ("prices", "dispatch", "offers_used", "constraints"):
        before, after = (tmp_path / part / f"{name}.parquet" for part in ("as-bid", "mitigated"))
        assert before.read_bytes() == after.read_bytes()


@pytest.mark.slow
@settings(examples, max_examples=5)
@given(small, seeds, st.sampled_from(["joint", "per_unit"]))
def test_mitigating_again_changes_nothing(shape: Shape, seed: int, mode: str) -> None:
    run, levels = day(replace(shape, ramps=True), seed)
    made = mitigated(run, levels, **{"impact.mode": mode})
    again = mitigated(made, levels, **{"impact.mode": mode})
    assert not (again.decisions["action"] == "mitigated").any()
    pd.testing.assert_frame_equal(again.prices, made.prices, check_exact=True)
    pd.testing.assert_frame_equal(again.offers_used, made.offers_used, check_exact=True)
    assert again.manifest["parent"] == made.id


@pytest.mark.slow
@settings(examples, max_examples=4)
@given(small, seeds, st.sampled_from(["joint", "per_unit"]))
def test_the_order_of_units_does_not_matter(shape: Shape, seed: int, mode: str) -> None:
    run, levels = day(shape, seed)
    case = run.case
    turned = case.replace(units=case.units[::-1], offers=case.offers[::-1])
    one = mitigated(run, levels, **{"impact.mode": mode})
    other = mitigated(cleared(turned), levels[::-1], **{"impact.mode": mode})
    assert other.objective == pytest.approx(one.objective, rel=1e-7, abs=1e-5)

    def replaced(made: cf.Run) -> set[tuple[str, pd.Timestamp]]:
        rows = made.decisions[made.decisions["action"] == "mitigated"]
        return set(zip(rows["unit"], rows["interval_start"], strict=True))

    unsure = any("not be unique" in text for r in (run, one) for text in r.manifest["warnings"])
    if not unsure:
        assert replaced(one) == replaced(other)
