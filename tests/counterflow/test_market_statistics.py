"""Statistics of a market by month, every number by hand."""

import json
from pathlib import Path

import pandas as pd
import pytest

import counterflow as cf
from counterflow.cli import invoke
from counterflow.tables.market_statistics import shown_to
from settlement.disclosure import Viewer
from tests.settlement.markets import case_of, run_of


def day(start: str) -> cf.Run:
    """Two hours of two zones: a (owners x and y of one parent), b (z); line A-B binds once."""
    case = case_of(
        ["A", "B"],
        {"a1": ("x", "A", 60.0, 10.0), "a2": ("y", "A", 40.0, 20.0), "b1": ("z", "B", 100.0, 50.0)},
        {"LA": ("x", "A", [30.0, 60.0]), "LB": ("w", "B", [50.0, 20.0])},
        start=start,
        zones={"A": "N", "B": "S"},
        tables={"owners": pd.DataFrame(
            {"owner": ["x", "y", "z", "w"], "parent": ["group", "group", "", ""]})},
    )  # fmt: skip
    span = {"interval_start": case.interval_starts[:1], "interval_end": case.interval_ends[:1]}
    limit = pd.DataFrame({**span, "constraint": "A-B", "contingency": "", "direction": "upper",
                          "limit_mw": 40.0, "flow_mw": 40.0, "shadow_price": 30.0,
                          "kind": "branch", "penalty_mw": 0.0})  # fmt: skip
    return run_of(
        case,
        {"A": [20.0, -5.0], "B": [50.0, -5.0]},
        {"a1": [60.0, 60.0], "a2": [10.0, 20.0], "b1": [10.0, 0.0]},
        tables={"constraints": limit},
    )


@pytest.fixture(scope="module")
def runs() -> list[cf.Run]:
    return [day("2024-03-05T00:00:00+00:00"), day("2024-04-01T00:00:00+00:00")]


def test_every_table_by_hand(runs: list[cf.Run]) -> None:
    found = cf.market_statistics(runs)
    march = {
        name: getattr(found, name).query("month == '2024-03'")
        for name in (
            "supply_demand",
            "shares",
            "concentration",
            "contract_cover",
            "congestion",
            "prices",
        )
    }
    supply = march["supply_demand"].iloc[0]
    # 200 MW in both hours against 80 MW in both.
    assert (supply["available_mwh"], supply["demand_mwh"], supply["ratio"]) == (400, 160, 2.5)
    assert supply["lowest_ratio"] == 2.5
    assert supply["lowest_at"].startswith("2024-03-05T00:00")
    shares = march["shares"].set_index("owner")
    # x and y are one group: 150 of 160 MWh, 200 of 400 MWh available.
    assert shares["generation_mwh"].to_dict() == {"group": 150, "z": 10}
    assert shares.loc["group", "share"] == pytest.approx(150 / 160)
    assert shares.loc["z", "available_share"] == pytest.approx(0.5)
    index = march["concentration"].set_index("of")
    assert index.loc["generation", "hhi"] == pytest.approx(93.75**2 + 6.25**2)
    assert index.loc["available", "hhi"] == pytest.approx(5000)
    assert index["largest"].tolist() == pytest.approx([1.0, 1.0])
    cover = march["contract_cover"].set_index("owner")
    # x makes 120 MWh and takes 90.
    assert cover.loc["x", "covered"] == pytest.approx(0.75)
    assert cover.loc["w", "net_mwh"] == -70
    line = march["congestion"].iloc[0]
    assert (line["constraint"], line["hours"], line["price"], line["rent"]) == ("A-B", 1, 30, 1200)
    prices = march["prices"].set_index("place")
    south = prices.loc["zone:S"]
    # 50 for 50 MWh, -5 for 20 MWh.
    assert (south["mean"], south["weighted"]) == (22.5, pytest.approx(2400 / 70))
    assert (south["lowest"], south["highest"], south["negative"]) == (-5, 50, 1)
    assert (south["p50"], south["p75"]) == (-5, 50)
    assert south["deviation"] == pytest.approx(27.5)
    # The market: 20 x 30/80 + 50 x 50/80 in the first hour.
    assert prices.loc["", "highest"] == pytest.approx(38.75)
    assert set(found.prices["month"]) == {"2024-03", "2024-04"}


def test_contracts_count_in_the_cover(runs: list[cf.Run]) -> None:
    contracts = pd.DataFrame([{"contract": "K", "buyer": "w", "seller": "z", "kind": "cfd",
                               "strike": 40.0, "point": "B", "curve": "c"}])  # fmt: skip
    curve = pd.DataFrame({"curve": ["c"], "kind": "flat", "mwh": 48.0, "start": "2024-03-05",
                          "end": "2024-03-05"})  # fmt: skip
    found = cf.market_statistics(runs[0], contracts=contracts, contract_curves=curve)
    cover = found.contract_cover.set_index("owner")
    # 2 MW in each of the two hours, of 10 MWh made.
    assert cover.loc["z", "contract_mwh"] == 4
    assert cover.loc["z", "covered"] == pytest.approx(0.4)


def test_who_sees_what_and_when(runs: list[cf.Run]) -> None:
    found = cf.market_statistics(runs)
    at = "2024-04-06T00:00:00+00:00"
    part = shown_to(found, Viewer.of("participant:z", at), 5, "UTC")
    assert set(part.supply_demand["month"]) == {"2024-03"}
    assert set(part.contract_cover["owner"]) == {"z"}
    public = shown_to(found, Viewer.of("public", at), 6, "UTC")
    assert len(public.prices) == len(public.contract_cover) == 0


def test_the_command(
    runs: list[cf.Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, run in enumerate(runs):
        run.write(tmp_path / "runs" / str(number))
    command = ["index", str(tmp_path / "runs"), "--statistics"]
    assert invoke([*command, "--json", "-o", str(tmp_path / "tables")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["supply_demand"][0]["ratio"] == 2.5
    assert (tmp_path / "tables" / "concentration.csv").is_file()
    assert invoke(command) == 0
    assert "supply demand" in capsys.readouterr().out
    with pytest.raises(cf.InputError, match="two runs hold the interval 2024-03-05T00:00"):
        cf.market_statistics([runs[0], runs[0]])
