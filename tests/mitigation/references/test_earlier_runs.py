"""References from the folders of earlier runs instead of the case's own tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cases import InputError, Run
from clearing import clear
from mitigation.references import reference_levels
from tests.mitigation.references.days import MONDAY, day, fuel, rules

ANY_HOUR = {"window__first_hour": 0, "window__last_hour": 23}


def cleared(
    days_ago: int,
    price: float,
    *,
    load: float = 50.0,
    source: str = "submitted",
    start_price: float = 100.0,
    **manifest: object,
) -> Run:
    """An hour at midnight some days ago, the unit offering 40 MW at a price and 60 at 10 more."""
    case = day(
        start=MONDAY - pd.Timedelta(days=days_ago),
        load=load,
        offers=pd.DataFrame(
            {"unit": "G", "segment": [1, 2], "mw": [40.0, 60.0], "price": [price, price + 10]}
        ),
        fuel_prices=fuel((None, 2.0)),
        commitment_offers=pd.DataFrame(
            {"unit": ["G"], "component": ["startup"], "price": [start_price]}
        ),
    )
    run = clear(case, commitment=False)
    dispatch = run.dispatch.assign(start=True)
    tables = {
        **{name: run.tables[name] for name in ("prices", "constraints", "load_awards")},
        "dispatch": dispatch,
        "offers_used": run.offers_used.assign(source=source),
    }
    return Run({"status": "optimal", **manifest}, tables, case, run.rulebook)


def energy(levels: pd.DataFrame) -> pd.DataFrame:
    rows = levels[(levels["unit"] == "G") & (levels["component"] == "energy")]
    return rows.reset_index(drop=True)


COSTS = pd.DataFrame({"unit": ["G"], "segment": [1], "mw": [100.0], "vom": [70.0]})


def test_offers_dispatch_and_fuel_prices_of_earlier_runs(tmp_path: Path) -> None:
    """Fridays to Mondays before: 20, 26 and 32 at fuel 2, today 3: 30, 39, 48, so 39."""
    runs = []
    for number, (ago, price) in enumerate([(3, 20.0), (4, 26.0), (5, 32.0)]):
        cleared(ago, price).write(tmp_path / str(number))
        runs.append(Run.read(tmp_path / str(number)))
    case = day(
        fuel_prices=fuel((None, 3.0)),
        commitment_offers=pd.DataFrame({"unit": ["G"], "component": ["startup"], "price": [1.0]}),
    )
    levels = reference_levels(case, rules=rules(**ANY_HOUR), earlier=runs)
    rows = energy(levels)
    # 50 MW were accepted: all of the first block and a part of the second.
    assert rows["price"].tolist() == pytest.approx([39.0, 54.0])
    assert rows["mw"].tolist() == [40.0, 60.0]
    assert rows["sample"].tolist() == [3, 3]
    start = levels[levels["component"] == "startup"]
    assert start["price"].tolist() == pytest.approx([150.0])
    assert start["method"].tolist() == ["offer"]
    by_price = reference_levels(case, rules=rules(method="price", **ANY_HOUR), earlier=runs)
    # Prices 30, 36, 42 at fuel 2: the lowest half, two of three, are 45 and 54 at fuel 3.
    assert energy(by_price)["price"].tolist() == pytest.approx([49.5])


@pytest.mark.slow
def test_mitigated_days_do_not_count() -> None:
    runs = [cleared(3, 20.0), cleared(4, 26.0), cleared(5, 99.0, source="reference")]
    case = day(costs=COSTS)
    own = {"order": "offer,cost", **ANY_HOUR}
    rows = energy(reference_levels(case, rules=rules(**own), earlier=runs))
    assert rows["method"].tolist() == ["cost"]
    rows = energy(reference_levels(case, rules=rules(offer__min_samples=2, **own), earlier=runs))
    assert rows["price"].tolist()[0] == 23.0
    assert rows["sample"].tolist()[0] == 2


def test_a_mitigated_child_takes_the_place_of_its_parent() -> None:
    parent = cleared(3, 20.0)
    child = cleared(3, 50.0, parent=parent.id)
    runs = [parent, child, cleared(4, 26.0), cleared(5, 32.0)]
    rows = energy(reference_levels(day(costs=COSTS), rules=rules(**ANY_HOUR), earlier=runs))
    assert rows["price"].tolist()[0] == 32.0  # of 50, 26 and 32
    with pytest.raises(InputError, match="is in two of the earlier runs"):
        reference_levels(day(costs=COSTS), earlier=[parent, cleared(3, 21.0)])


def test_the_case_s_own_day_and_later_ones_do_not_count() -> None:
    runs = [cleared(0, 20.0), cleared(-1, 26.0), cleared(-2, 32.0)]
    rows = energy(reference_levels(day(costs=COSTS), rules=rules(**ANY_HOUR), earlier=runs))
    assert rows["method"].tolist() == ["cost"]
