"""Reruns of a day with custom constraints: they hold again, with other offers and other programs.

What a rerun must find is what clearing the changed case from the beginning finds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyomo.environ as pyo
import pytest

import clearing
import counterflow as cf
from cases.case import Case
from cases.run import Run


def extend(model: Any) -> None:
    """A nomogram over two lines and a unit, and a cap on what two units emit in the day."""

    def nomogram(m: Any, t: int) -> Any:
        return m.flow["A-B", t] + 0.5 * m.flow["A-D", t] + 0.2 * m.output["Brighton", t] <= 450.0

    model.nomogram = pyo.Constraint(model.intervals, rule=nomogram)
    emitted = sum(
        0.4 * model.output["Sundance", t] + 0.8 * model.output["Solitude", t]
        for t in model.intervals
    )
    model.co2 = pyo.Constraint(expr=emitted <= 2300.0)


def as_tables(case: Case) -> Case:
    """The nomogram as tables."""
    return case.replace(
        custom_constraints=pd.DataFrame({"constraint": ["nomogram"], "limit_mw": [450.0]}),
        custom_terms=pd.DataFrame(
            {
                "constraint": "nomogram",
                "kind": ["branch", "branch", "unit"],
                "element": ["A-B", "A-D", "Brighton"],
                "coefficient": [1.0, 0.5, 0.2],
            }
        ),
    )


@pytest.fixture(scope="module")
def case() -> Case:
    return cf.read_case("pjm5")


def dearer(case: Case) -> Case:
    price = case.offers.price.where(case.offers.unit != "Brighton", case.offers.price * 3.0)
    return case.replace(offers=case.offers.assign(price=price))


@pytest.mark.parametrize("tables", [False, True])
@pytest.mark.parametrize("again", [clearing.reclear, clearing.recommit])
def test_other_offers(case: Case, tables: bool, again: Any) -> None:
    day, added = (as_tables(case), None) if tables else (case, extend)
    run = cf.clear(day, extend=added)
    assert run.constraints.constraint.str.startswith("nomogram").any()
    assert tables or "co2" in set(run.constraints.constraint)
    child = again(run, dearer(day))
    anew = cf.clear(dearer(day), extend=added)
    assert child.objective == pytest.approx(anew.objective, rel=1e-9)
    assert child.prices.lmp.tolist() == pytest.approx(anew.prices.lmp.tolist(), abs=1e-6)
    assert child.stated["parent"] == run.id
    assert child.settings.get("extend") == run.settings.get("extend")


@pytest.mark.parametrize("method", ["relaxed", "extended"])
@pytest.mark.parametrize("tables", [False, True])
def test_prices_of_another_program_keep_their_terms(case: Case, method: str, tables: bool) -> None:
    """The schedule stays; lmp = mec + mcc with the custom terms in mcc (the validator checks)."""
    day, added = (as_tables(case), None) if tables else (case, extend)
    fixed = cf.clear(day, extend=added)
    run = cf.clear(day, extend=added, settings={"pricing.method": method})
    assert run.objective == pytest.approx(fixed.objective, rel=1e-9)
    assert run.price_terms.constraint.str.startswith("nomogram").any()
    assert clearing.validate(run).empty


TIGHT = {
    "mitigation.conduct.energy.percent": 5.0,
    "mitigation.conduct.energy.absolute": 1.0,
    "mitigation.impact.price.percent": 1.0,
    "mitigation.impact.price.absolute": 0.1,
}
"""Thresholds that two and a half times the cost fails."""


@pytest.mark.parametrize(("rulebook", "settings"), [("default", TIGHT), ("pjm", {})])
def test_mitigation(case: Case, rulebook: str, settings: dict[str, float]) -> None:
    """The rerun after substitution is the market that its own offers give with the extension."""
    price = case.offers.price.where(case.offers.unit != "Brighton", case.offers.price * 2.5)
    run = cf.clear(case.replace(offers=case.offers.assign(price=price)), extend=extend)
    child = cf.mitigate(run, rulebook=rulebook, settings=settings)
    assert (child.decisions.action == "mitigated").any() or rulebook == "pjm"
    assert child.settings["extend"]["name"] == "extend"
    offers = child.offers_used[["unit", "interval_start", "segment", "mw", "price"]]
    anew = cf.clear(case.replace(offers=offers), extend=extend)
    assert child.objective == pytest.approx(anew.objective, rel=1e-6)


def test_a_run_from_its_folder_needs_the_function_again(case: Case, tmp_path: Path) -> None:
    run = cf.clear(case, extend=extend)
    run.write(tmp_path / "run")
    read = Run.read(tmp_path / "run")
    assert clearing.validate(read).empty
    assert read.manifest["extension"]["rows"] == {"nomogram": 24, "co2": 1}
    for again in (clearing.reclear, clearing.recommit):
        with pytest.raises(cf.InputError, match="extension extend, which its folder does not hold"):
            again(read, dearer(case))
    with pytest.raises(cf.InputError, match="adds something else"):
        clearing.reclear(read, dearer(case), extend=lambda model: None)
    child = clearing.reclear(read, dearer(case), extend=extend)
    assert child.objective == pytest.approx(clearing.reclear(run, dearer(case)).objective)


def test_a_run_without_an_extension_takes_none(case: Case) -> None:
    run = cf.clear(case)
    with pytest.raises(cf.InputError, match="cleared with no extension"):
        clearing.reclear(run, case, extend=extend)


def test_identical_units_of_which_one_is_spoken_of() -> None:
    """Two of three like units are enough, and the third is the one that the rule asks for.

    Merged, the three would be a count and the rule would speak of all of them at once. 100 MW of
    demand and 60 MW units with 40 MW at least: two units on; no-load 50 each.
    """
    starts = pd.date_range("2030-06-01", periods=2, freq="h", tz="UTC")
    names = ["U1", "U2", "U3"]
    case = Case.build(
        {"name": "alike", "start": "2030-06-01T00:00:00+00:00", "intervals": 2},
        {
            "buses": pd.DataFrame({"bus": ["A"]}),
            "units": pd.DataFrame({"unit": names, "bus": "A", "p_min": 40.0, "p_max": 60.0}),
            "offers": pd.DataFrame({"unit": names, "segment": 1, "mw": 60.0, "price": 10.0}),
            "commitment_offers": pd.DataFrame(
                {"unit": names, "component": "no_load", "price": [50.0] * 3}
            ),
            "loads": pd.DataFrame({"load": ["D"], "bus": ["A"]}),
            "demand": pd.DataFrame({"interval_start": starts, "D": 100.0}),
        },
    )

    def third(model: Any) -> None:
        model.third = pyo.Constraint(
            model.intervals, rule=lambda m, t: m.on["U3", t] + m.on["U2", t] <= 1.0
        )
        model.run = pyo.Constraint(model.intervals, rule=lambda m, t: m.output["U3", t] >= 55.0)

    run = cf.clear(case, extend=third)
    on = run.dispatch.pivot(index="interval_start", columns="unit", values="on")
    assert on["U1"].all() and on["U3"].all() and not on["U2"].any()
    assert run.objective == pytest.approx(2 * (100 * 10 + 2 * 50))
    tables = case.replace(
        custom_constraints=pd.DataFrame({"constraint": ["run"], "sense": [">="], "limit_mw": [55]}),
        custom_terms=pd.DataFrame({"constraint": ["run"], "kind": ["unit"], "element": ["U3"]}),
    )
    again = cf.clear(tables)
    u3 = again.dispatch[again.dispatch.unit == "U3"]
    assert u3.on.all() and (u3.mw >= 55.0 - 1e-6).all()
    assert again.objective == pytest.approx(2 * (100 * 10 + 2 * 50))
