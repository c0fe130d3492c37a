"""Curves frozen at signing: what is stored is settled, whatever the rulebook of today."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from cases import InputError, RuleBook
from counterflow.cli import invoke
from settlement import settle
from settlement.contracts.curves import CurveMaker
from settlement.contracts.frozen import amend, freeze, frozen_curves, signing_days
from settlement.inputs import read_tables, typed
from tests.settlement.markets import CHINA, october_day, run_of
from tests.settlement.paper import ACTUAL

HOURLY = [float(ACTUAL[h // 2]) for h in range(24)]
SLOW = examples(max_examples=12, deadline=None)
RULEBOOKS: list[dict[str, object]] = [
    {},
    {"settlement.futures.calendar": "weekdays"},
    {"settlement.futures.peak.hours": "[[10, 12], [17, 21]]"},
]


def contracts(**changes: object) -> pd.DataFrame:
    row = {
        "contract": "C1", "buyer": "retailer", "seller": "genco", "kind": "cfd", "strike": 400.0,
        "point": "P", "curve": "peak", "signed": "2015-12-01", "curve_fixed": "2015-12-01",
    }  # fmt: skip
    return typed("contracts", pd.DataFrame([{**row, **changes}]), CHINA)


def curves(shape: str = "peak", mwh: float = 2160.0) -> pd.DataFrame:
    row = {"curve": "peak", "kind": "block", "mwh": mwh, "start": "2016-10-01",
           "end": "2016-10-31", "shape": shape}  # fmt: skip
    return typed("contract_curves", pd.DataFrame([row]), CHINA)


def maker(rules: RuleBook) -> CurveMaker:
    return CurveMaker.of(rules.settlement, CHINA, 1.0)


def frozen(settings: dict[str, object] | None = None) -> pd.DataFrame:
    rules = RuleBook.load("default").with_settings(settings or {})
    return freeze(curves(), maker(rules), rules, signing_days(curves(), contracts()))


def test_a_frozen_curve_is_settled_as_signed_under_every_rulebook() -> None:
    # 2160 MWh over 18 working days x 6 peak hours of October 2016: 20 MW in hours 8-11 and 18-21.
    hours = [8, 9, 10, 18, 19, 20]
    expected = sum(Decimal(20) * (400 - Decimal(HOURLY[h])) for h in hours)
    loose = set()
    for settings in RULEBOOKS:
        run = october_day(HOURLY, settings=settings)
        statement = settle(run, contracts=contracts(), contract_curves=curves(),
                           frozen_curves=frozen())  # fmt: skip
        assert statement.total("genco", "contract") == expected
        assert statement.manifest["curves"]["peak"].endswith("fixed on 2015-12-01")
        rule = statement.of("genco").query("item == 'contract'")["rule"].iloc[0]
        assert "block (frozen, " in rule
        assert "of 2015-12-01" in rule
        free = settle(run, contracts=contracts(), contract_curves=curves())
        assert free.manifest["curves"]["peak"] == (
            "block, decomposed by the rulebook of this settlement; not frozen"
        )
        loose.add(free.total("genco", "contract"))
    assert len(loose) == 3


@SLOW
@given(
    st.lists(st.decimals(-200, 1500, places=4), min_size=24, max_size=24),
    st.sampled_from(RULEBOOKS),
)
def test_full_cover_fixes_the_revenue_whatever_price_and_rulebook(
    prices: list[Decimal], settings: dict[str, object]
) -> None:
    # The claim of docs/full-cover.md: a unit that produces its frozen curve earns K x MWh.
    hours = [20.0 if hour in (8, 9, 10, 18, 19, 20) else 0.0 for hour in range(24)]
    settings = settings | {"settlement.contracts.lines": "contract_plus_deviation"}
    plain = october_day([float(p) for p in prices], settings=settings)
    case = plain.case.replace(demand=plain.case.demand.assign(L=hours))
    run = run_of(case, {"P": [float(p) for p in prices]}, {"G": hours}, settings=settings)
    statement = settle(run, contracts=contracts(), contract_curves=curves(),
                       frozen_curves=frozen())  # fmt: skip
    energy = ("energy", "contract", "contract_deviation")
    revenue = sum(statement.total("genco", item) for item in energy)
    assert revenue == 120 * 400


def test_what_is_stored_is_exact_and_says_by_which_rules() -> None:
    table = frozen()
    assert table["mwh"].sum() == 2160
    assert set(table["mwh"]) == {0.0, 20.0}
    rules = json.loads(table["rules"].iloc[0])
    assert (rules["calendar"], rules["rulebook"]) == ("CN", "default")
    assert rules["rows"] == [
        {"kind": "block", "mwh": "2160", "start": "2016-10-01", "end": "2016-10-31",
         "shape": "peak"}
    ]  # fmt: skip
    assert set(table["rules"].iloc[1:]) == {""}


def test_a_changed_row_is_found() -> None:
    table = frozen()
    table.loc[table["mwh"] == 20.0, "mwh"] = 21.0
    with pytest.raises(InputError, match="curve peak, version 1: its rows are not those"):
        settle(october_day(HOURLY), contracts=contracts(), contract_curves=curves(),
               frozen_curves=table)  # fmt: skip
    with pytest.raises(InputError, match="it has no hash"):
        frozen_curves(frozen().assign(hash=""))


def test_an_amendment_counts_from_its_day_and_leaves_the_past() -> None:
    rules = RuleBook.load("default")
    # From the 17th on, 11 of the 18 working days: another 1080 MWh rule gives 10 MW.
    table = amend(
        frozen(), curves(mwh=1080.0), maker(rules), rules,
        fixed_on=date(2016, 10, 12), first=pd.Timestamp("2016-10-17", tz=CHINA),
    )  # fmt: skip
    curve = frozen_curves(table)["peak"]
    assert curve.fixed_on == pd.Timestamp("2015-12-01")
    assert curve.energy == 7 * 6 * 20 + 11 * 6 * 10
    assert "version 2 of 2016-10-12" in curve.source
    with pytest.raises(InputError, match="cannot follow that of 2015-12-01"):
        amend(frozen(), curves(), maker(rules), rules, fixed_on=date(2015, 1, 1),
              first=pd.Timestamp("2016-10-17", tz=CHINA))  # fmt: skip
    with pytest.raises(InputError, match="curve peak was never frozen"):
        amend(frozen().iloc[:0], curves(), maker(rules), rules, fixed_on=date(2016, 10, 12),
              first=pd.Timestamp("2016-10-17", tz=CHINA))  # fmt: skip


def test_freezing_after_signing_is_refused_in_a_settlement() -> None:
    rules = RuleBook.load("default")
    late = freeze(curves(), maker(rules), rules, {"peak": date(2016, 3, 1)})
    with pytest.raises(InputError, match="curve fixed on 2016-03-01, after signing on 2015-12-01"):
        settle(october_day(HOURLY), contracts=contracts(curve_fixed=None),
               contract_curves=curves(), frozen_curves=late)  # fmt: skip
    with pytest.raises(InputError, match="the day of its fixing is not known"):
        freeze(curves(), maker(rules), rules, signing_days(curves(), None))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_command(ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "contract_curves.csv").write_text(
        "curve,kind,mwh,start,end,shape\npeak,block,2160,2016-10-01,2016-10-31,peak\n"
    )
    (tmp_path / "contracts.csv").write_text(
        "contract,buyer,seller,strike,point,curve,signed\nC1,retailer,genco,400,P,peak,2015-12-01\n"
    )
    target = tmp_path / f"frozen_curves.{ending}"
    command = ["contracts", "freeze", str(tmp_path), "--timezone", CHINA]
    assert invoke([*command, "-o", str(target), "--json"]) == 0
    (curve,) = json.loads(capsys.readouterr().out)["curves"]
    assert curve["hash"] == frozen()["hash"].iloc[0]
    read = read_tables(target, ("frozen_curves",), CHINA)["frozen_curves"]
    assert frozen_curves(read)["peak"].energy == 2160
    # The folder now holds the frozen curve beside contracts and rules: `settle` takes it.
    october_day(HOURLY, settings=RULEBOOKS[1]).write(tmp_path / "run")
    assert invoke(["settle", str(tmp_path / "run"), "--contracts", str(tmp_path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert "frozen" in document["manifest"]["curves"]["peak"]
    amended = tmp_path / f"second.{ending}"
    more = ["--amend", str(target), "--from", "2016-10-17", "--on", "2016-10-12"]
    assert invoke([*command, "-o", str(amended), *more]) == 0
    assert "version" in capsys.readouterr().out
    for words, options in (
        ("exists already", ["-o", str(target)]),
        ("--amend and --from go together", ["-o", str(tmp_path / "x.csv"), "--from", "2016-10-17"]),
        ("must end in .csv or .parquet", ["-o", str(tmp_path / "x.txt")]),
    ):
        assert invoke([*command, *options]) == 1
        assert words in capsys.readouterr().err
