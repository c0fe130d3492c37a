"""Offers disclosed after a delay: what is shown, what is not, and when."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import counterflow as cf
from cases import Run
from cases.errors import InputError
from counterflow.cli import invoke
from counterflow.tables.disclosure import disclose

# The run of `tests/counterflow/conftest.py` begins at 2024-03-05T00:00-05:00.
LATER = pd.Timestamp("2024-07-05T00:00-05:00")


def shown(run: Run, form: str = "unit", **more: object) -> pd.DataFrame:
    return disclose(run, delay_days=120, form=form, as_of=LATER, **more)  # type: ignore[arg-type]


def test_by_unit(run: Run) -> None:
    table = shown(run)
    assert len(table) == len(run.offers_used)
    row = table[table["unit"] == run.case.units["unit"].iloc[0]].iloc[0]
    offer = run.offers_used[run.offers_used["unit"] == row["unit"]].iloc[0]
    assert (row["mw"], row["price"], row["source"]) == (offer["mw"], offer["price"], "submitted")
    assert row["owner"] == run.case.units["owner"].iloc[0]


def test_the_curve_has_no_names_and_all_the_mw(run: Run) -> None:
    table = shown(run, "aggregate")
    assert list(table.columns) == ["interval_start", "interval_end", "price", "mw", "cumulative_mw"]
    for start, curve in table.groupby("interval_start"):
        offers = run.offers_used[run.offers_used["interval_start"] == start]
        assert curve["price"].is_monotonic_increasing
        assert curve["cumulative_mw"].iloc[-1] == pytest.approx(offers["mw"].sum())
        below = offers.loc[offers["price"] <= curve["price"].iloc[0], "mw"].sum()
        assert curve["cumulative_mw"].iloc[0] == pytest.approx(below)


def test_masks_stay_the_same_and_say_nothing(run: Run) -> None:
    table = shown(run, "masked", key="secret")
    names = set(run.case.units["unit"]) | set(run.case.units["owner"])
    assert not names & set(table["unit"]) and not names & (set(table["owner"]) - {""})
    assert table["unit"].nunique() == run.offers_used["unit"].nunique()
    assert "source" not in table and "bus" not in table
    assert shown(run, "masked", key="secret").equals(table)
    other = shown(run, "masked", key="another")
    assert not set(other["unit"]) & set(table["unit"])
    # The order of the rows follows the codes, not the names.
    assert table["unit"].tolist() == table.sort_values(["interval_start", "unit"])["unit"].tolist()


def test_only_what_is_old_enough(run: Run) -> None:
    ends = run.case.interval_ends
    moment = ends[0] + pd.Timedelta(days=120)
    first = disclose(run, delay_days=120, form="unit", as_of=moment)
    assert set(first["interval_start"]) == {run.case.interval_starts[0]}
    with pytest.raises(InputError, match=r"no interval may be disclosed before 2024-07-0"):
        disclose(run, delay_days=120, form="unit", as_of=moment - pd.Timedelta("1s"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "names"}, "there is no form 'names'"),
        ({"delay_days": -1}, "from 0, not -1"),
        ({"form": "masked"}, "needs a secret key"),
        ({"as_of": pd.Timestamp("2024-07-05")}, "has no timezone"),
    ],
)
def test_wrong_use(run: Run, options: dict[str, object], message: str) -> None:
    given = {"delay_days": 1.0, "form": "unit"} | options
    with pytest.raises(InputError, match=message):
        cf.disclose(run, **given)  # type: ignore[arg-type]


def test_the_command(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run.write(tmp_path / "run")
    folder, file = str(tmp_path / "run"), tmp_path / "offers.csv"
    (tmp_path / "secret").write_text("s\n")
    masked = ["--offers", "masked", "--mask-key", str(tmp_path / "secret"), "--delay-days", "30"]
    assert invoke(["export", folder, "-o", str(file), *masked, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["rows"] == len(pd.read_csv(file)) == len(run.offers_used)
    assert invoke(["export", folder, "-o", str(file), "--offers", "unit"]) == 1
    assert "--offers needs --delay-days" in capsys.readouterr().err
    assert invoke(["export", folder, "-o", str(file), "--delay-days", "3"]) == 1
    assert "go with --offers" in capsys.readouterr().err
    late = ["--offers", "unit", "--delay-days", "1e5"]
    assert invoke(["export", folder, "-o", str(tmp_path / "late.csv"), *late]) == 1
    assert "no interval may be disclosed before" in capsys.readouterr().err
