"""The monitor's commands: screens, recover, auction; what-ifs and references of ``mitigate``."""

from __future__ import annotations

import json
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import counterflow as cf
from counterflow.cli import invoke
from counterflow.tables.mitigation_summary import grouped_decisions
from counterflow.what_if import compare_what_if

MERGED = [["Solitude Generation", "Sundance Power"]]


@pytest.fixture(scope="module")
def bid() -> cf.Run:
    """The bundled day with Solitude at 125 in place of 30 (case E1 at 17:00)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        case = cf.read_case("pjm5")
        price = case.offers["price"].mask(case.offers["unit"] == "Solitude", 125.0)
        return cf.clear(case.replace(offers=case.offers.assign(price=price)), commitment=False)


@pytest.fixture(scope="module")
def folder(bid: cf.Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "bid"
    bid.write(path)
    return path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert invoke([*arguments, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_screens_by_hand(
    bid: cf.Run, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Alta at 14 and Brighton at 10, one block each: W = 1 - |14 - 10| / 125 with 125 as the cap.

    Uncommitted are 600, 520, 210 and 200 of 1530 MW: shares .392, .340 fail 20 %, .137 and .131
    pass. At the peak of 1000 MW 530 MW are left: Brighton's 600 are pivotal, Solitude's 520 not.
    """
    told = said(capsys, "screens", str(folder), "-o", str(tmp_path / "out"))
    pairs = {(row["unit"], row["other_unit"]): row["similarity"] for row in told["similarity"]}
    assert pairs["Alta", "Brighton"] == pytest.approx(1 - 4 / 125)
    assert ("Alta", "Park City") not in pairs, "both are of Wasatch Holdings"
    shares = {row["owner"]: (row["share"], row["passed"]) for row in told["market_share"]}
    assert shares["Brighton Electric"] == (pytest.approx(600 / 1530), False)
    assert shares["Wasatch Holdings"] == (pytest.approx(210 / 1530), True)
    pivotal = {row["owner"]: row["passed"] for row in told["pivotal_supplier"]}
    assert pivotal["Brighton Electric"] is False and pivotal["Solitude Generation"] is True
    gap = cf.screens(bid).output_gap
    assert set(gap["unit"]) == {"Solitude"} and (gap["most_mw"] <= 520.0).all()
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {f"{name}.csv" for name in cf.screens(bid).tables()}


def test_screens_name_what_is_not_there(folder: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "metered.csv"
    wrong.write_text("unit,interval_start,mw\nSolitute,2024-07-16T17:00-04:00,1\n")
    assert invoke(["screens", str(folder), "--metered", str(wrong)]) == 1
    assert invoke(["screens", str(folder), "--metered", str(tmp_path / "none.csv")]) == 1


def test_recover_takes_back_what_references_do_not_justify(bid: cf.Run) -> None:
    """Without limits of the grid one price holds; who is moved by D-E is paid what that loses.

    With Ontario's screens open, Sundance and Solitude are constrained on at 17:00; Solitude's offer
    of 125 against 30 is what is clawed back: never more than the payment, money of nobody else.
    """
    open_screens = {
        "mitigation.after_the_fact.claw_back.fewest_competitors": 9,
        "mitigation.after_the_fact.claw_back.band_percent": 10.0,
        "mitigation.after_the_fact.claw_back.dfax_min": 0.0,
    }
    found = cf.recover(bid, settings=open_screens)
    rows = found.claw_back
    assert (rows["claw_back"] >= 0).all() and (rows["claw_back"] <= rows["payment"].abs()).all()
    taken = rows[rows["claw_back"] > 0]
    assert set(taken["unit"]) <= {"Solitude"}
    for row in taken.itertuples():
        # Constrained on from the market schedule to the dispatch at 125 instead of 30.
        moved = Decimal(str(row.dispatch_mw)) - Decimal(str(row.market_mw))
        assert row.claw_back <= moved * Decimal(95) + Decimal("0.01")
    totals = found.totals().set_index("item")["amount"]
    assert totals["claw_back"] == sum(rows["claw_back"], Decimal(0))


@pytest.mark.slow
def test_recover_command_writes_its_tables(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = said(capsys, "recover", str(folder), "-o", str(tmp_path / "out"))
    assert {row["item"] for row in told["totals"]} >= {"claw_back", "guarantees", "forfeits"}
    assert (tmp_path / "out" / "claw_back.csv").is_file()


def auction_folder(path: Path) -> Path:
    """Group A declares 550 of 1000 MWh with 1000 of 2000 MW: it may not set the spread."""
    path.mkdir()
    texts = {
        "auction_sellers": "seller,group,capacity_mw,coal_rate\nA1,A,600,300\nA2,A,400,310\n"
        "B1,B,500,320\nC1,,300,\nD1,D,200,330\n",
        "auction_offers": "seller,segment,mwh,spread\nA1,1,300,-90\nA2,1,250,-40\nB1,1,200,-70\n"
        "C1,1,150,-60\nD1,1,100,-20\n",
        "auction_buyers": "buyer,kind,investor\nsteel,user,\npaper,user,\n"
        "retail1,sales_company,fund\nretail2,sales_company,fund\n",
        "auction_bids": "buyer,segment,mwh,spread\nsteel,1,500,-10\npaper,1,300,-30\n"
        "retail1,1,150,-35\nretail2,1,50,-80\n",
    }
    for name, text in texts.items():
        (path / f"{name}.csv").write_text(text)
    return path


def test_auction_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The fund's 200 MWh are cut to 15 % of 1000: retail2's 50 at -80 go.

    Sellers rise -90 (300), -70 (200), -60 (150), -40 (250): 900; buyers fall -10 (500), -30 (300),
    -35 (150): at 900 a buyer of -35 meets a seller of -40, at more -20. The last seller who may
    set it is C1 at -60, the last buyer pays -35: midway -47.5; A2's -40 would give -37.5.
    """
    told = said(capsys, "auction", str(auction_folder(tmp_path / "month")))
    assert told["spread"] == pytest.approx(-47.5)
    assert told["unrestricted_spread"] == pytest.approx(-37.5)
    assert told["matched_mwh"] == pytest.approx(900.0)
    assert [row["cut_mwh"] for row in told["cuts"]] == [50.0]
    # G-a: 1.1 x (1 + 2 x (fleet - 300) / fleet) x hours; at 0.25 h A1 may sell 600 x its hours.
    fleet = (600 * 300 + 400 * 310 + 500 * 320 + 200 * 330) / 1700
    cap = 1.1 * (1 + 2 * (fleet - 300) / fleet) * 0.25 * 600
    found = cf.auction(tmp_path / "month", average_hours=0.25)
    a1 = found.cuts.set_index("subject").loc["A1"]
    assert a1["limit_mwh"] == pytest.approx(cap)


def test_an_auction_names_every_file_and_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = auction_folder(tmp_path / "month")
    (path / "auction_bids.csv").unlink()
    (path / "auction_offers.csv").write_text("seller,segment,mwh,spread\nA1,1,many,-90\n")
    with pytest.raises(cf.InputError) as error:
        cf.auction(path)
    said_all = str(error.value)
    assert "auction_bids.csv" in said_all and "auction_offers.csv" in said_all
    assert "row 2" in said_all


@pytest.mark.slow
def test_the_command_sets_a_what_if_beside_the_day_as_it_is(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = said(
        capsys, "mitigate", str(folder), "--rulebook", "isone", "--merge", ",".join(MERGED[0])
    )
    assert {"units_mitigated", "load_payment"} <= {row["item"] for row in told["what_if"]}


def test_a_merger_is_tested_with_substitution_and_set_beside_the_day_as_it_is(bid: cf.Run) -> None:
    """New England tests pivotal suppliers: Solitude's 520 MW alone are not needed, with Sundance's
    200 they are (1530 - 720 < 1000), so the merged owner's offer is tested and replaced."""
    alone = cf.mitigate(bid, rulebook="isone")
    merged = cf.mitigate(bid, rulebook="isone", merge=MERGED)
    table = compare_what_if(alone, merged).set_index("item")
    assert table.loc["units_mitigated", ["before", "after"]].tolist() == [0.0, 1.0]
    assert table.loc["load_payment", "change"] < 0
    assert {"structure", "mitigation", "price", "money"} == set(table["group"])
    with pytest.raises(cf.InputError, match="did you mean Sundance Power"):
        cf.mitigate(bid, merge=[["Solitude Generation", "Sundance Powr"]])


@pytest.mark.slow
def test_agreed_references_and_offers_as_costs(
    bid: cf.Run, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agreed = tmp_path / "agreed.csv"
    agreed.write_text("unit,component,price\nSolitude,energy,110\n")
    told = said(capsys, "mitigate", str(folder), "--negotiated", str(agreed))
    assert told["manifest"]["mitigation"]["funnel"]["conduct_failed"] == 0
    levels = cf.mitigate(bid, negotiated=agreed).reference_levels
    own = levels.query("unit == 'Solitude' and component == 'energy'")
    assert own["price"].tolist() == [110.0] and own["method"].tolist() == ["negotiated"]
    same = said(capsys, "mitigate", str(folder), "--offers-are-costs")
    assert same["manifest"]["mitigation"]["funnel"]["conduct_failed"] == 0
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("unit,component,price\nSolitude,energy,dear\n")
    assert invoke(["mitigate", str(folder), "--negotiated", str(wrong)]) == 1


def test_decisions_are_folded_by_unit_and_hours(bid: cf.Run) -> None:
    made = cf.mitigate(bid)
    rows = made.decisions[made.decisions["action"] == "mitigated"]
    folded = grouped_decisions(rows)
    assert folded["hours"].sum() == len(rows), "hours of one hour each"
    assert len(folded) < len(rows)
    assert folded["money_effect"].sum() == pytest.approx(rows["money_effect"].sum())


def test_an_override_keeps_what_the_impact_is_without_it(bid: cf.Run) -> None:
    by_hand = pd.DataFrame(
        {
            "unit": ["Solitude"],
            "component": "energy",
            "action": "kept",
            "author": "J. Doe",
            "reason": "an outage of its gas line",
        }
    )
    plain, kept = cf.mitigate(bid), cf.mitigate(bid, overrides=by_hand)
    at = ["unit", "interval_start", "component"]
    impact = ["lmp_with_offer", "lmp_with_reference", "impact_limit", "impact_result"]
    before = plain.decisions.query("unit == 'Solitude' and component == 'energy'")
    after = kept.decisions.query("unit == 'Solitude' and component == 'energy'")
    assert set(after["action"]) == {"kept"} and set(after["override_by"]) == {"J. Doe"}
    pd.testing.assert_frame_equal(
        before[at + impact].reset_index(drop=True), after[at + impact].reset_index(drop=True)
    )
    assert "mitigated" in set(before["action"])
