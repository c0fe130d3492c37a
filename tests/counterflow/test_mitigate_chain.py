"""The chain of mitigation from the front door: command, folders, explanation, comparison."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import counterflow as cf
from counterflow.cli import invoke
from counterflow.tables.mitigation_summary import mitigation_cards
from mitigation.procedures.shipped import REGISTRY

AT_FIVE = "2024-07-16T17:00:00-04:00"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Case E1 in the hour of 17:00: the bundled day with Solitude at 125 in place of 30."""
    path = tmp_path_factory.mktemp("runs")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        case = cf.read_case("pjm5")
        offers = case.offers
        price = offers["price"].mask(offers["unit"] == "Solitude", 125.0)
        run = cf.clear(case.replace(offers=offers.assign(price=price)), commitment=False)
    run.write(path / "bid")
    assert invoke(["mitigate", str(path / "bid"), "-o", str(path / "child")]) == 0
    return path


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = invoke([str(a) for a in arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return code, said.out, said.err

    return run


Call = Callable[..., tuple[int, str, str]]


def test_the_command_needs_the_run_folder_alone(folder: Path) -> None:
    """References come from the case's costs: 13 gas per MWh at 2, and 4 of maintenance, is 30."""
    bid, child = cf.Run.read(folder / "bid"), cf.Run.read(folder / "child")
    assert child.manifest["parent"] == bid.id
    assert set(child.decisions["run_id"]) == {child.id}
    rows = child.decisions[child.decisions["action"] == "mitigated"]
    assert set(rows["unit"]) == {"Solitude"} and set(rows["component"]) == {"energy"}
    assert rows["interval_start"].dt.hour.to_list() == [15, 16, 17]
    assert set(rows["reference_method"]) == {"cost"} and set(rows["reference"]) == {30.0}
    at_five = child.prices[child.prices["interval_start"] == pd.Timestamp(AT_FIVE)]
    assert at_five["lmp"].to_list() == pytest.approx(
        [16.977359, 26.384460, 30.0, 39.942736, 10.0], abs=1e-5
    )
    assert len(cf.validate(child)) == 0


def test_the_function_gives_what_the_command_writes(folder: Path) -> None:
    bid, child = cf.Run.read(folder / "bid"), cf.Run.read(folder / "child")
    made = cf.mitigate(bid)
    assert made.id == child.id
    pd.testing.assert_frame_equal(made.decisions, child.decisions)


def test_events_are_only_added_to(folder: Path) -> None:
    before = (folder / "bid" / "events.jsonl").read_text()
    assert (folder / "child" / "events.jsonl").read_text().startswith(before)


def test_a_parent_that_changed_is_refused(folder: Path, call: Call, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    cf.Run.read(folder / "bid").write(changed)
    path = changed / "case" / "offers.parquet"
    path.write_bytes(path.read_bytes() + b" ")
    code, _, err = call("mitigate", changed, "-o", tmp_path / "child")
    assert code == 1 and "offers.parquet" in err and "changed" in err
    assert not (tmp_path / "child").exists()


def test_json_has_cards_decisions_and_near_misses(folder: Path, call: Call) -> None:
    code, out, _ = call("mitigate", folder / "bid", "--json")
    assert code == 0
    document = json.loads(out)
    cards = {card["item"]: card for card in document["cards"]}
    assert cards["units_mitigated"]["value"] == 1
    assert cards["load_weighted_lmp"]["after"] < cards["load_weighted_lmp"]["before"]
    assert cards["largest_bus_change (D)"]["before"] == pytest.approx(182.170734, abs=1e-4)
    assert {row["unit"] for row in document["decisions"]} == {"Solitude"}


def test_explain_tells_the_chain_in_order(folder: Path, call: Call) -> None:
    code, out, _ = call("explain", folder / "child", "--unit", "Solitude", "--at", "17:00")
    assert code == 0
    lines = out.splitlines()
    assert "mitigated" in lines[0]
    numbered = [line for line in lines if line[0].isdigit()]
    assert [line.split(".")[0] for line in numbered] == [str(n + 1) for n in range(len(numbered))]
    told = "\n".join(numbered)
    for part in (
        "D-E binds",
        "$125.00/MWh up to 520.00 MW against the reference $30.00 (cost): limit $120.00",
        "fails the conduct test [mitigation.conduct.energy]",
        "a difference of 142.23 against a limit of 79.89: fail [mitigation.impact.price]",
        "$30.00 is used in place of $125.00",
        "produces 323.49 MW at $30.00/MWh",
    ):
        assert part in told
    made = cf.mitigate(cf.Run.read(folder / "bid"))
    assert isinstance(made, cf.MitigatedRun)
    assert str(made.explain(unit="Solitude", at="17:00")) in out


def test_explain_where_nothing_was_wrong(folder: Path, call: Call) -> None:
    code, out, _ = call("explain", folder / "child", "--unit", "Alta", "--at", "17:00")
    assert code == 0
    assert "Nothing failed the conduct test" in out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--unit", "Solitud", "--at", "17:00"], "Solitude"),
        (["--at", "17:00"], "--bus"),
        (["--unit", "Alta", "--bus", "A", "--at", "17:00"], "expected one of"),
    ],
)
def test_explain_refuses(folder: Path, call: Call, arguments: list[str], expected: str) -> None:
    code, _, err = call("explain", folder / "child", *arguments)
    assert code == 1 and expected in err


def test_a_run_without_decisions_says_so(folder: Path, call: Call) -> None:
    code, _, err = call("explain", folder / "bid", "--unit", "Alta", "--at", "17:00")
    assert code == 1 and "was not mitigated" in err


def test_compare_shows_uplift_and_the_money_of_owners(folder: Path, call: Call) -> None:
    code, out, _ = call("compare", folder / "bid", folder / "child")
    assert code == 3
    assert "uplift" in out and "Owners whose money changes" in out
    assert "the second run is a child of the first" in out
    found = cf.compare(cf.Run.read(folder / "bid"), cf.Run.read(folder / "child"))
    own = found.owners.set_index("owner")
    money = found.money.set_index("item")
    total = own["revenue_change"].sum()
    assert total == pytest.approx(money.loc["generation_revenue", "difference"])
    assert own.loc["Sundance Power", "revenue_change"] < 0 < own.loc[
        "Solitude Generation", "revenue_change"
    ]  # fmt: skip


def override(action: str, hour: str = AT_FIVE) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "unit": ["Solitude"],
            "interval_start": [pd.Timestamp(hour)],
            "component": "energy",
            "action": action,
            "author": "J. Doe",
            "reason": "gas line out",
        }
    )


@pytest.mark.parametrize("action", ["kept", "exempt"])
def test_a_monitor_can_keep_an_offer(folder: Path, action: str) -> None:
    made = cf.mitigate(cf.Run.read(folder / "bid"), overrides=override(action))
    rows = made.decisions.query("unit == 'Solitude' and component == 'energy'")
    row = rows[rows["interval_start"] == pd.Timestamp(AT_FIVE)].iloc[0]
    assert (row["action"], row["override_by"], row["override_reason"], row["rule_id"]) == (
        action, "J. Doe", "gas line out", "override"
    )  # fmt: skip
    assert (rows["action"] == "mitigated").sum() == 2
    price = made.prices.query("bus == 'C'").set_index("interval_start")["lmp"]
    assert price[pd.Timestamp(AT_FIVE)] == pytest.approx(125.0)
    assert "override" in {event.get("pass") for event in made.events}


def test_a_monitor_can_replace_an_offer_that_had_no_impact(folder: Path) -> None:
    early = "2024-07-16T03:00:00-04:00"
    made = cf.mitigate(cf.Run.read(folder / "bid"), overrides=override("mitigated", early))
    rows = made.decisions[made.decisions["action"] == "mitigated"]
    assert rows["interval_start"].dt.hour.to_list() == [3, 15, 16, 17]


def test_overrides_from_a_file(folder: Path, call: Call, tmp_path: Path) -> None:
    path = tmp_path / "overrides.csv"
    override("kept").assign(interval_start=AT_FIVE).to_csv(path, index=False)
    code, out, _ = call("mitigate", folder / "bid", "--overrides", path, "--json")
    assert code == 0
    funnel = json.loads(out)["manifest"]["mitigation"]["funnel"]
    assert (funnel["mitigated"], funnel["overridden"]) == (2, 1)
    path.write_text("unit,action\nSolitude,kept\n")
    code, _, err = call("mitigate", folder / "bid", "--overrides", path)
    assert code == 1 and "author" in err and "reason" in err


def test_an_unknown_profile_lists_the_known(folder: Path, call: Call) -> None:
    code, _, err = call("mitigate", folder / "bid", "--set", "mitigation.profile=atlantis")
    assert code == 1 and "default" in err and "nyiso" in err


def test_cards_of_a_run_in_which_nothing_was_replaced(folder: Path) -> None:
    bid = cf.Run.read(folder / "bid")
    never: dict[str, Any] = {
        f"mitigation.conduct.energy.{name}": float("inf") for name in ("percent", "absolute")
    }
    cards = mitigation_cards(bid, cf.mitigate(bid, settings=never)).set_index("item")
    assert cards.loc["mitigated", "value"] == 0
    assert cards.loc["load_payment", "change"] == 0.0


def test_a_plugin_is_run_where_it_is_named(folder: Path, tmp_path: Path, call: Call) -> None:
    own = Path(__file__).parents[2] / "examples" / "own-market"
    rulebook = ("--rulebook", own / "own_market.toml")
    code, _, err = call("mitigate", folder / "bid", *rulebook)
    assert code == 1 and "no procedure southmark" in err and "--plugin" in err
    plugin = ("--plugin", own / "own_market.py")
    code, out, _ = call("mitigate", folder / "bid", *plugin, *rulebook, "-o", tmp_path / "own")
    assert code == 0 and "southmark" in out
    record = cf.Run.read(tmp_path / "own").manifest["mitigation"]
    assert record["procedure"] == {
        "subject": "dominant_owner",
        "replacement": "reference_and_margin",
        "impact": "price",
        "apply": "rerun",
    }
    assert record["registered"]["subject.dominant_owner"]["module"] == "plugin_own_market"
    for name in ("dominant_owner", "reference_and_margin"):
        REGISTRY.functions = {k: f for k, f in REGISTRY.functions.items() if k[1] != name}
    REGISTRY.profiles.pop("southmark")
    sys.modules.pop("plugin_own_market")
