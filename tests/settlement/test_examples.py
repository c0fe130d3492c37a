"""The example folder: scripts print the papers' numbers, the case folder clears and settles."""

import runpy
from pathlib import Path

import pytest

from cases import read_case
from clearing import clear
from settlement import settle

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("script", "rows"),
    [
        (
            "futures-2016/replay.py",
            ["mid sell 137780 yuan/lot 478.40", "hedge_gain 146632 76005",
             "rise_left 49955 77524", "paper-2016 220368 143095", "until-close 147326 95412"],
        ),
        ("contract-curves/replay.py", ["intro 360 144 504", "S1' 0 108 108", "S2' 288 180 468"]),
    ],
)  # fmt: skip
def test_the_papers_cases(script: str, rows: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / script), run_name="__main__")
    lines = {" ".join(line.split()) for line in capsys.readouterr().out.splitlines()}
    assert set(rows) <= lines


def test_the_contract_day_settles() -> None:
    run = clear(read_case(EXAMPLES / "contract-day"), commitment=False)
    statement = settle(run)
    assert statement.total() == 0
    # The tie binds in 17 hours: 60 MW x (520 - 340).
    assert statement.total("operator", "congestion_rent") == 17 * 60 * 180
    # Peak cap: 20 MW in 6 hours at 520 against a strike of 450.
    gas = statement.lines.query("subject == 'winter cap' and owner == 'gasco'")
    assert sum(gas["amount"]) == -20 * 6 * (520 - 450)
    assert statement.manifest["rights"]["shortfall"] == "0"
