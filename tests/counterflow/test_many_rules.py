"""One day under many rules: shared clearings, the same outcomes as one by one, both error types.

The bundled day with Solitude at 125 in place of 30 (case E1 of mitigation.md 9D in its hour of
17:00). By hand, against every offer at its reference: as submitted, load pays above the benchmark
and nothing below it; with thresholds of zero every offer above its reference is replaced, so
nothing is above it either.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import counterflow as cf
from counterflow import many_rules
from counterflow.cli import invoke
from counterflow.many_rules import mitigate_by_rulebooks, mitigate_by_sweep

PERCENT = "mitigation.conduct.energy.percent"
IMPACT = "mitigation.impact.price.percent"


@pytest.fixture(scope="module")
def bid() -> cf.Run:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        case = cf.read_case("pjm5")
        offers = case.offers
        price = offers["price"].mask(offers["unit"] == "Solitude", 125.0)
        return cf.clear(case.replace(offers=offers.assign(price=price)), commitment=False)


def test_rulebooks_side_by_side_do_what_each_does_alone(bid: cf.Run) -> None:
    found = mitigate_by_rulebooks(bid, ["default", "nyiso", "isone"])
    assert found.clearings < found.asked
    for name in ("default", "nyiso", "isone"):
        alone, shared = cf.mitigate(bid, rulebook=name), found.runs[name]
        pd.testing.assert_frame_equal(shared.prices, alone.prices)
        what = ["unit", "interval_start", "component", "action", "offer_used"]
        pd.testing.assert_frame_equal(shared.decisions[what], alone.decisions[what])
    table = found.table.set_index("rulebook")
    assert table.loc["default", "who"] == "Solitude"
    assert table.loc["isone", "units_mitigated"] == 0


def test_both_kinds_of_error_against_every_offer_at_its_reference(bid: cf.Run) -> None:
    found = mitigate_by_sweep(bid, {PERCENT: [0, 1e6], IMPACT: [0]})
    table = found.table.set_index("rulebook")
    first, strict, lax, last = table.index
    energy = bid.load_awards["mw"].sum()
    paid = (table.loc[first, "load_payment"] - table.loc[last, "load_payment"]) / energy
    net = (table.loc[first, "under_mitigation"] - table.loc[first, "over_mitigation"]) / energy
    assert net == pytest.approx(paid)
    assert table.loc[first, "under_mitigation"] > 0
    assert table.loc[strict, "under_mitigation"] == pytest.approx(0.0, abs=1e-6)
    assert table.loc[strict, "production_cost_at_reference"] == pytest.approx(
        table.loc[last, "production_cost_at_reference"]
    )
    assert table.loc[lax, "units_mitigated"] == 0
    assert table.loc[lax, "load_payment"] == pytest.approx(table.loc[first, "load_payment"])
    # Nobody was replaced in vain; with nothing replaced Solitude's 125 stays above the benchmark.
    assert table.loc[strict, ["type1_components", "type2_components"]].tolist() == [0, 0]
    assert table.loc[lax, "type1_components"] == 0
    assert table.loc[lax, "type2_units"] == 1
    assert table.loc[lax, "type2_money"] == pytest.approx(table.loc[first, "under_mitigation"])
    assert (table.loc[[strict, lax], "noise_price"] == 0.0).all()
    least = table.loc[last, "production_cost"]
    # MW are kept to six decimals, so that sums of MW times price are known to a thousandth.
    assert (table["production_cost_at_reference"] >= least - 1e-3).all()
    assert not np.isnan(table["price"]).any()


def test_an_unknown_rulebook_is_refused_before_anything_is_cleared(bid: cf.Run) -> None:
    with pytest.raises(cf.InputError, match="no rulebook atlantis"):
        mitigate_by_rulebooks(bid, ["default", "atlantis"])


@pytest.mark.slow
def test_command_writes_every_run_and_the_comparison(
    bid: cf.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bid.write(tmp_path / "bid")
    given = ["mitigate", str(tmp_path / "bid"), "--rulebooks", "default,isone", "--json"]
    assert invoke([*given, "-o", str(tmp_path / "many")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["rulebook"] for row in told["comparison"]][1:3] == ["default", "isone"]
    written = pd.read_csv(tmp_path / "many" / "comparison.csv")
    assert written["rulebook"].tolist()[1:3] == ["default", "isone"]
    assert cf.Run.read(tmp_path / "many" / "default").manifest["parent"] == bid.id
    assert invoke([*given, "-o", str(tmp_path / "many")]) == 1
    assert invoke(["mitigate", str(tmp_path / "bid"), "--sweep", f"{PERCENT}=100,500"]) == 0
    assert "clearings made" in capsys.readouterr().out


def test_a_folder_that_is_being_written_is_like_any_other(
    bid: cf.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the name by which the next start knows what a killed process left behind."""
    found = mitigate_by_rulebooks(bid, ["isone"])
    seen: list[str] = []

    def failing(run: cf.Run, folder: Path) -> None:
        seen.append(folder.parent.name)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cf.Run, "write", failing)
    with pytest.raises(cf.InputError, match="No space left on device"):
        found.write(tmp_path / "many")
    assert seen[0].startswith(".counterflow-")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def loose() -> cf.Run:
    """The bundled day with its commitment decided to a loose gap."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        return cf.clear(cf.read_case("pjm5"), gap=0.01)


def test_every_row_says_what_was_committed_and_what_is_proven(loose: cf.Run) -> None:
    """Side by side all hold, where that is asked for, whatever each rulebook says."""
    held = {"mitigation.rerun.commitment": "held"}
    found = mitigate_by_rulebooks(loose, ["default", "nyiso"], settings=held)
    table = found.table.set_index("rulebook")
    assert table.loc["as submitted", "commitment"] == "decided"
    assert table.loc["as submitted", "gap"] == pytest.approx(loose.manifest["gap"])
    rules = table.loc[["default", "nyiso"]]
    assert set(rules["commitment"]) == {"held"} or (rules["units_mitigated"] == 0).any()
    for name in ("default", "nyiso"):
        assert found.runs[name].manifest["mitigation"]["commitment"] == "held"
    assert set(table["difference"]) <= {"", "rules"}
    on = loose.dispatch["on"].to_numpy()
    assert all((run.dispatch["on"].to_numpy() == on).all() for run in found.runs.values())


def test_side_by_side_the_replaced_units_are_chosen_anew(loose: cf.Run) -> None:
    found = mitigate_by_rulebooks(loose, ["default", "nyiso"])
    table = found.table.set_index("rulebook")
    replaced = table[table["units_mitigated"] > 0]
    assert set(replaced["commitment"]) <= {"local"}
    for name in ("default", "nyiso"):
        assert found.runs[name].manifest["mitigation"]["commitment"] == "local"
        assert table.loc[name, "noise"] >= 0.0


def test_one_treatment_may_be_asked_for_by_all(loose: cf.Run) -> None:
    anew = {"mitigation.rerun.commitment": "reoptimized"}
    found = mitigate_by_rulebooks(loose, ["default"], settings=anew)
    assert found.runs["default"].manifest["mitigation"]["commitment"] == "reoptimized"
    with pytest.raises(cf.InputError, match="commitment"):
        mitigate_by_rulebooks(loose, ["default"], settings={**anew, next(iter(anew)): "sometimes"})


def test_another_schedule_within_the_gap_is_no_effect_of_rules(loose: cf.Run) -> None:
    """The same offers committed anew to another gap: where states differ, only the gap does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        exact = cf.clear(loose.case, gap=0.0)
    assert many_rules._difference(loose, loose) == ""
    told = many_rules._difference(loose, exact)
    same = (loose.dispatch["on"].to_numpy() == exact.dispatch["on"].to_numpy()).all()
    assert told in (("", "rules") if same else ("within the gap",))
