"""The New Zealand market cleared again, against the operator's own solution.

The data is not part of the project: `tests.outside` says where it is looked for. Without it these
tests are skipped by name.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import counterflow as cf
from cases.readers.new_zealand_files import CaseFiles, stamp_of
from counterflow.tables.published import compare_published
from tests.outside import outside

ZIPS = ("MSS_251302025022230925_0X.ZIP", "MSS_261322025012100401_0X.zip")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::cases.errors.DataWarning"),
]


def data(name: str) -> Path:
    """A zip at hand; the test is skipped by its name otherwise."""
    return outside(f"new-zealand/{name}")


@cache
def cleared(name: str) -> cf.Run:
    """Eight half-hours, one after the other; checked without the solver as it is made."""
    return cf.clear(cf.read_case(data(name)), rulebook="new-zealand")


def solved(name: str, table: str) -> pd.DataFrame:
    """A table of the operator's solution in all intervals."""
    files = CaseFiles(data(name))
    ends = [files.solved(interval) for interval in files.intervals]
    return pd.concat([files.table(str(end), table).frame for end in ends], ignore_index=True)


def test_node_prices_are_the_operator_s() -> None:
    """At least 99.5 % of 8480 within a cent; every miss is a price that is not unique."""
    found = [compare_published(cleared(name)) for name in ZIPS]
    nodes = pd.concat([one.nodes for one in found])
    misses = pd.concat([one.misses for one in found])
    assert len(nodes) == 8480
    assert 1.0 - len(misses) / len(nodes) >= 0.995
    assert misses["unique"].eq(False).all(), misses.to_string()


@pytest.mark.parametrize("name", ZIPS)
def test_reserve_prices_are_the_operator_s(name: str) -> None:
    found = compare_published(cleared(name))
    assert len(found.reserves) == 32
    assert not len(found.reserve_misses), found.reserve_misses.to_string()


@pytest.mark.parametrize("name", ZIPS)
def test_megawatts_are_the_operator_s(name: str) -> None:
    """Every unit within 0.01 MW, but for offers of one price that share what is left."""
    run = cleared(name)
    told = solved(name, "TRADERPERIOD")
    told = told[told["TRADETYPE"] == "ENOF"]
    told = pd.DataFrame(
        {
            "interval_start": told["INTERVAL"].map(stamp_of),
            "unit": told["PNODENAME"],
            "told": told["MWCLEARED"].astype(float),
        }
    )
    both = run.dispatch.merge(told, on=["interval_start", "unit"])
    off = both[(both["mw"] - both["told"]).abs() > 0.01]
    # A tie moves MW between units whose last blocks have one price: the sum stays.
    moved = (off["mw"] - off["told"]).groupby(off["interval_start"]).sum().abs()
    assert (moved < 0.6).all(), off.to_string()
    assert off["interval_start"].nunique() <= 2


@pytest.mark.parametrize("name", ZIPS)
def test_poles_are_the_operator_s(name: str) -> None:
    run = cleared(name)
    told = solved(name, "HVDC_DISPATCH")
    poles = {"P2N": "BEN_HAY2.1", "P3N": "BEN_HAY1.1", "P2S": "HAY_BEN2.1", "P3S": "HAY_BEN1.1"}
    told = pd.DataFrame(
        {
            "interval_start": told["INTERVAL"].map(stamp_of),
            "link": told["PNODENAME"].str.split().str[-1].map(poles),
            "told": told["MW"].astype(float),
        }
    )
    both = run.link_flows.merge(told, on=["interval_start", "link"])
    assert len(both) == 32
    assert (both["mw"] - both["told"]).abs().max() < 0.05


def test_the_risk_setter_of_the_tight_half_hour() -> None:
    """26 February, 11:30: HLY4 sets fast reserve in the North, at 332.65."""
    covered = cleared(ZIPS[0]).risks_covered
    own = covered[(covered["product"] == "fast") & (covered["zone"] == "NI")]
    first = own[own["interval_start"] == stamp_of("26-FEB-2025 11:30")]
    setter = first.sort_values("shadow_price").iloc[-1]
    assert setter["risk"] == "HLY2201 HLY4 CE"
    assert setter["shadow_price"] == pytest.approx(332.65342, abs=1e-3)
    assert setter["risk_mw"] == pytest.approx(364.9802, abs=1e-3)
    assert setter["received_mw"] == pytest.approx(160.5678, abs=1e-3)


def test_every_part_has_its_worth() -> None:
    """The ladder: without losses or reserves the prices of a tight half-hour are others."""
    case = cf.read_case(data(ZIPS[0]), interval="11:30")
    bare = case.replace(**{name: case.tables[name].iloc[:0] for name in _RESERVES})
    every = _share(cf.clear(case, rulebook="new-zealand"))
    losses = _share(cf.clear(bare, rulebook="new-zealand"))
    none = _share(cf.clear(bare, rulebook="new-zealand", settings={"losses.method": "none"}))
    assert every > 0.995
    assert losses < 0.5
    assert none < 0.02


def test_ramps_have_their_worth() -> None:
    """The half-hour with the dearest ramp, cleared from nowhere: a fifth of the prices moves."""
    run = cleared(ZIPS[1])
    ramps = run.constraints[run.constraints["kind"].str.startswith("ramp")]
    start = ramps.sort_values("shadow_price")["interval_start"].iloc[-1]
    by_interval = compare_published(run).by_interval.set_index("interval_start")
    case = cf.read_case(data(ZIPS[1]), interval=f"{start:%H:%M}")
    free = case.replace(units=case.units.assign(initial_mw=np.nan))
    share = _share(cf.clear(free, rulebook="new-zealand"))
    assert share < 0.9 < by_interval.loc[start, "share"]


_RESERVES = (
    *("reserve_products", "reserve_demand", "reserve_offers", "risks", "risk_terms"),
    *("reserve_sharing", "custom_constraints", "custom_terms", "published_reserve_prices"),
)


def _share(run: cf.Run) -> float:
    told = compare_published(run).to_dict()
    return float(told["share"])


def test_a_cut_rating_makes_congestion() -> None:
    """The line of the largest flow cut to nine tenths: it binds, prices part, all checks hold.

    The price over the limit differs by more than losses can make.
    """
    case = cf.read_case(data(ZIPS[0]), interval="12:00")
    run = cf.clear(case, rulebook="new-zealand")
    use = run.flows.assign(use=run.flows["flow_mw"].abs())
    name = use.sort_values("use")["branch"].iloc[-1]
    flow = use.loc[use["branch"] == name, "use"].iloc[0]
    branches = case.branches.copy()
    at = branches["branch"] == name
    branches.loc[at, ["rating_mw", "rating_reverse_mw"]] = 0.9 * flow
    cut = cf.clear(case.replace(branches=branches), rulebook="new-zealand")
    own = cut.constraints[cut.constraints["constraint"] == name]
    assert own["shadow_price"].iloc[0] > 1.0
    assert cut.prices["mcc"].abs().max() > 1.0
