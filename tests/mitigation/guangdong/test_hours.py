"""The cap on hours: the published example of the three forms, and what every form must do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import InputError, RuleBook
from cases.rulebook.guangdong import HoursCapRules
from mitigation.guangdong import hours_caps, hours_factor

FORMS = ["scaled", "additive", "power"]
form = st.sampled_from(FORMS)
rate = st.floats(200.0, 450.0)


def rules(form: str, k0: float = 1.1, k1: float = 2.0) -> HoursCapRules:
    return HoursCapRules.model_validate({"form": form, "k0": k0, "k1": k1})


def fleet(*rates: float, traded: float = 0.0) -> pd.DataFrame:
    names = [f"u{n}" for n in range(len(rates))]
    return pd.DataFrame(
        {"seller": names, "capacity_mw": 600.0, "coal_rate": rates, "traded_mwh": traded}
    )


@pytest.mark.parametrize(
    ("name", "hours"), [("scaled", 4683.87), ("additive", 4658.06), ("power", 4698.22)]
)
def test_the_example_of_the_three_forms(name: str, hours: float) -> None:
    table = hours_caps(fleet(300.0, traded=1e6), 4000.0, rules(name), fleet_rate=310.0)
    assert table["hours"].item() == pytest.approx(hours, abs=0.005)
    assert table["energy_mwh"].item() == pytest.approx(600 * hours, abs=5)
    assert table["cap_mwh"].item() == pytest.approx(600 * hours - 1e6, abs=5)


@given(form, rate, rate, st.floats(0.5, 2.0), st.floats(0.0, 20.0))
def test_what_every_form_must_do(name: str, a: float, b: float, k0: float, k1: float) -> None:
    own = rules(name, k0, k1)
    low, high = hours_factor(np.array([min(a, b), max(a, b)]), 310.0, own)
    assert low >= high >= 0
    assert hours_factor(np.array([310.0]), 310.0, own)[0] == pytest.approx(k0)
    equal = hours_factor(np.array([a, b]), 310.0, rules(name, k0, 0.0))
    assert equal.tolist() == pytest.approx([k0, k0])


def test_what_burns_no_coal_has_no_cap_and_takes_no_part_in_the_average() -> None:
    table = hours_caps(fleet(300.0, 320.0, float("nan")), 4000.0, rules("scaled"))
    assert np.isinf(table["cap_mwh"].iloc[2])
    assert table["hours"].iloc[:2].mean() == pytest.approx(1.1 * 4000)


def test_a_sold_out_unit_and_the_default_rulebook() -> None:
    sold = hours_caps(fleet(300.0, 320.0, traded=1e9), 4000.0, rules("scaled"))
    assert sold["cap_mwh"].tolist() == [0.0, 0.0]
    none = RuleBook.load("default").mitigation.monthly_auction.hours_cap
    assert np.isinf(hours_caps(fleet(300.0), 4000.0, none)["cap_mwh"]).all()


@pytest.mark.parametrize(("hours", "own"), [(0.0, 300.0), (4000.0, -1.0), (float("nan"), 300.0)])
def test_numbers_that_mean_nothing(hours: float, own: float) -> None:
    with pytest.raises(InputError, match="must be above zero"):
        hours_caps(fleet(own), hours, rules("scaled"))
