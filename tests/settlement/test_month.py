"""A month of runs in one ledger: sums, versions, missing days, months that cross."""

import warnings
from collections.abc import Iterable
from decimal import Decimal

import pandas as pd
import pytest

from cases import InputError
from cases.errors import DataWarning
from cases.run import Run
from settlement import settle
from settlement.month import MonthStatement, settle_month
from tests.settlement.markets import CHINA, case_of, five_bus, october_day, run_of

DAYS = [f"2016-02-{day:02d}" for day in range(1, 30)]


def price_of(day: str) -> float:
    return 300.0 + 10 * int(day[-2:])


def february(days: Iterable[str] = DAYS, **settings: object) -> list[Run]:
    return [october_day([price_of(day)] * 4, day=day, settings=settings) for day in days]


def contract(**changes: object) -> dict[str, pd.DataFrame]:
    row = {"contract": "K", "buyer": "retailer", "seller": "genco", "kind": "cfd", "strike": 400.0,
           "point": "P", "curve": "c"}  # fmt: skip
    curve = pd.DataFrame(
        {"curve": ["c"], "kind": "flat", "mwh": 24.0 * 31 + 24.0 * 15 + 0.0,
         "start": "2016-01-01", "end": "2016-02-15"}
    )  # fmt: skip
    return {"contracts": pd.DataFrame([{**row, **changes}]), "contract_curves": curve}


@pytest.fixture(scope="module")
def month() -> MonthStatement:
    return settle_month(february(), "2016-02", **contract())


def test_a_month_is_the_sum_of_its_days(month: MonthStatement) -> None:
    runs = february()
    assert month.total() == 0
    daily = [settle(run, **contract()) for run in runs]
    for owner in ("genco", "retailer", "operator"):
        own = [day for day in daily if owner in set(day.lines["owner"])]
        total = sum((day.total(owner) for day in own), Decimal(0))
        assert month.total(owner) == total
    assert sum(month.balance["total"]) == 0
    sums = month.balance.set_index("owner")["total"]
    assert sums["genco"] == month.total("genco")
    # 1 MW of contract on the first fifteen days: 24 x (400 - price).
    money = sum(24 * (400 - Decimal(price_of(day))) for day in DAYS[:15])
    assert month.total("genco", "contract") == money
    assert len(month.lines) == sum(len(day.lines) for day in daily)
    assert set(month.lines["run"]) == {run.id for run in runs}
    line = month.lines.iloc[-1]
    assert line["day"] == "2016-02-29"
    assert (month.days["day"].tolist(), set(month.days["version"])) == (DAYS, {"initial"})


def test_netting_invoices_and_indices_add_up(month: MonthStatement) -> None:
    netting = month.netting.set_index("owner")
    assert sum(netting["net"]) == 0
    assert netting.loc["genco", "net"] == month.total("genco")
    assert netting.loc["genco", "credits"] - netting.loc["genco", "charges"] == month.total("genco")
    invoices = month.invoices.set_index(["owner", "item"])
    assert invoices.loc[("genco", "contract"), "lines"] == 60
    assert invoices.loc[("genco", "contract"), "quantity"] == 24 * 15
    assert invoices["amount"].sum() == 0
    index = month.indices.set_index(["index", "period"])
    # 2400 MWh a day at 310 to 590: the mean is 450.
    assert index.loc[("market month", "2016-02"), "price"] == 450
    assert index.loc[("market day", "2016-02-03"), "price"] == 330
    assert index.loc[("market month", "2016-02"), "mwh"] == 29 * 2400


def test_a_missing_day_is_named_and_nothing_is_settled_but_as_partial(
    month: MonthStatement,
) -> None:
    with pytest.raises(InputError, match="no run covers 2016-02-07, 2016-02-29"):
        kept = [day for day in DAYS if day not in ("2016-02-07", "2016-02-29")]
        settle_month(february(kept), "2016-02")
    part = settle_month(february(DAYS[:2]), "2016-02", partial=True)
    assert part.manifest["partial"]
    assert part.manifest["missing"] == DAYS[2:]
    assert "partial" in repr(part)
    assert part.days.set_index("day").loc["2016-02-07", "run"] == ""
    assert part.total() == 0
    assert not month.manifest["partial"]


def version(run: Run, price: float, parent: Run | None) -> Run:
    other = october_day([price] * 4, day=f"{run.case.meta.start:%Y-%m-%d}")
    named = {**other.stated, "parent": None if parent is None else parent.id}
    return Run(named, other.tables, other.case, other.rulebook)


def test_the_last_version_of_a_day_counts_and_changes_are_named() -> None:
    runs = february(DAYS[3:6])
    rerun = version(runs[1], 100.0, runs[1])
    month = settle_month([rerun, *runs], "2016-02", partial=True)
    assert month.total() == 0
    lines = month.lines[month.lines["day"] == "2016-02-05"]
    assert set(lines["run"]) == {rerun.id}
    assert set(lines["version"]) == {"rerun"}
    table = month.versions[month.versions["day"] == "2016-02-05"].set_index(["version", "owner"])
    # 2400 MWh at 350, then at 100.
    assert table.loc[("initial", "genco"), "total"] == 2400 * 350
    assert table.loc[("rerun", "genco"), "total"] == 2400 * 100
    assert table.loc[("rerun", "genco"), "change"] == -2400 * 250
    assert table.loc[("rerun", "retailer"), "change"] == 2400 * 250
    assert sum(month.versions["change"]) == 0


def test_versions_need_an_order() -> None:
    runs = february(DAYS[3:6])
    other = version(runs[1], 100.0, None)
    with pytest.raises(InputError, match=r"2016-02-05 00:00 .*two versions with no order"):
        settle_month([*runs, other], "2016-02", partial=True)
    named = settle_month(
        [*runs, other],
        "2016-02",
        partial=True,
        versions={other.id: "final", runs[1].id: "initial"},
    )
    assert named.total("genco") == settle_month(
        [*runs, version(runs[1], 100.0, runs[1])], "2016-02", partial=True
    ).total("genco")
    with pytest.raises(InputError, match="versions final, final have no order"):
        settle_month(
            [*runs, other],
            "2016-02",
            partial=True,
            versions={other.id: "final", runs[1].id: "final"},
        )
    with pytest.raises(InputError, match="the same run twice"):
        settle_month([*runs, runs[1]], "2016-02", partial=True)


def days_run(first: str, count: int, prices: list[float]) -> Run:
    case = case_of(
        ["P"], {"G": ("genco", "P", 1000.0, 100.0)}, {"L": ("retailer", "P", [100.0] * count * 4)},
        start=f"{first}T00:00:00+08:00", timezone=CHINA, minutes=360,
    )  # fmt: skip
    return run_of(case, {"P": [p for p in prices for _ in range(4)]}, {"G": [100.0] * count * 4})


def test_runs_that_cross_the_month_settle_only_their_part() -> None:
    middle = february(DAYS[2:4])
    first = days_run("2016-01-30", 4, [101.0, 102.0, 310.0, 320.0])
    last = days_run("2016-02-28", 4, [580.0, 590.0, 103.0, 104.0])
    month = settle_month([last, first, *middle], "2016-02", partial=True, **contract())
    days = [*DAYS[:4], *DAYS[27:]]
    plain = settle_month(february(days), "2016-02", partial=True, **contract())
    for owner in ("genco", "retailer"):
        assert month.total(owner) == plain.total(owner)
    assert month.balance.drop(columns="owner").to_numpy().tolist() == (
        plain.balance.drop(columns="owner").to_numpy().tolist()
    )
    assert month.lines["day"].min() == "2016-02-01"
    january = settle_month([first], "2016-01", partial=True)
    assert january.total("genco") == 2400 * (101 + 102)
    assert len(january.manifest["missing"]) == 29
    with pytest.raises(InputError, match="hold the same intervals"):
        settle_month([first, *february(DAYS[:2])], "2016-02", partial=True)


def test_real_time_counts_for_every_version() -> None:
    runs = february(DAYS[3:6])
    later = october_day([500.0] * 4, day="2016-02-05")
    case = later.case.replace(demand=later.case.demand.assign(L=90.0))
    actual = run_of(case, {"P": [500.0] * 4}, {"G": [90.0] * 4})
    actual = Run({"settings": {"market": "rt"}}, actual.tables, case, actual.rulebook)
    rerun = version(runs[1], 340.0, runs[1])
    month = settle_month([*runs, actual, rerun], "2016-02", partial=True)
    table = month.versions[month.versions["day"] == "2016-02-05"].set_index(["version", "owner"])
    # 10 MW less all day, at 500.
    assert table.loc[("initial", "genco"), "total"] == 2400 * 350 - 240 * 500
    assert table.loc[("rerun", "genco"), "total"] == 2400 * 340 - 240 * 500
    assert month.days.set_index("day").loc["2016-02-05", "real_time"] == actual.id
    with pytest.raises(InputError, match=r"real time of 2016-02-05 .* has no day-ahead run"):
        settle_month([runs[0], runs[2], actual], "2016-02", partial=True)


def test_variation_fees_and_delivery_of_a_month() -> None:
    at = pd.Timestamp("2016-01-15 10:00+08:00")
    trades = pd.DataFrame(
        [("B", "retailer", "buy", "2016-02", 10, 300.0, at),
         ("S", "genco", "sell", "2016-02", 10, 300.0, at),
         ("B2", "retailer", "buy", "2016-05", 2, 350.0, pd.Timestamp("2016-02-16 10:00+08:00")),
         ("S2", "genco", "sell", "2016-05", 2, 350.0, pd.Timestamp("2016-02-16 10:00+08:00"))],
        columns=["trade", "owner", "side", "month", "lots", "price", "traded_at"],
    ).assign(product="base")  # fmt: skip
    marks = pd.DataFrame(
        [("2016-01-15", "2016-02", 301.0), ("2016-01-18", "2016-02", 302.0),
         ("2016-02-16", "2016-05", 352.0), ("2016-02-17", "2016-05", 351.0)],
        columns=["date", "month", "price"],
    ).assign(product="base")  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        month = settle_month(
            february(DAYS[13:16]), "2016-02", futures=trades, settlement_prices=marks, partial=True
        )
    # Delivered in February against the last mark of January; the index is 450
    # on the mean of the 14th to the 16th.
    assert month.total("retailer", "futures") == 10 * 3 * 24 * (450 - 302)
    # May is marked in February: 2 lots x 744 MWh x (351 - 350); January's variation was January's.
    assert month.total("retailer", "variation") == 2 * 744
    assert month.total("genco", "variation") == -2 * 744
    assert month.total("retailer", "futures_fee") == -200
    assert month.total("operator") == 400
    assert month.total() == 0


def rent_month(**settings: object) -> tuple[list[Run], MonthStatement]:
    base = five_bus(settings)
    runs = []
    for hour in range(4):
        move = pd.Timedelta(hours=hour)
        start = base.case.interval_starts[0] + move
        demand = base.case.demand.assign(interval_start=[start])
        case = base.case.replace(start=start.isoformat(), demand=demand)
        tables = {
            name: frame.assign(**{c: frame[c] + move for c in frame if c.startswith("interval_")})
            for name, frame in base.tables.items()
        }
        if hour >= 2:  # no congestion
            tables["prices"] = tables["prices"].assign(lmp=10.0, mcc=0.0)
            tables["price_terms"] = tables["price_terms"].iloc[:0]
        runs.append(Run(base.stated, tables, case, base.rulebook))
    rights = pd.DataFrame(
        {"right": ["R"], "owner": "h", "source": "E", "sink": "D", "mw": 600.0,
         "start": [pd.Timestamp("2024-03-05T01:00Z")], "end": [pd.NaT]}
    )  # fmt: skip
    return runs, settle_month(runs, "2024-03", rights=rights, partial=True)


def test_rights_are_funded_by_the_month_where_the_rulebook_says_so() -> None:
    # In hour 0 the right does not hold yet; in hour 1 it is due 600 x 29.942736 = 17 965.64 of a
    # rent of 14 957.29. By run it is short, by month it is paid in full.
    _, by_run = rent_month()
    assert by_run.total("h") == Decimal("14957.29")
    assert by_run.total("h", "right_shortfall") == Decimal("14957.29") - Decimal("17965.64")
    _, by_month = rent_month(**{"settlement.rights.period": "month"})
    assert by_month.total("h") == Decimal("17965.64")
    assert by_month.manifest["rights"]["shortfall"] == "0"
    rules = {"settlement.rights.period": "month", "settlement.congestion_rent.to": "load_ratio"}
    _, shared = rent_month(**rules)
    left = 2 * Decimal("14957.29") - Decimal("17965.64")
    assert shared.total("operator", "rent_credit") == -left
    assert shared.total(item="rent_credit") == 0
    assert shared.total("operator", "congestion_rent") == 2 * Decimal("14957.29")
    assert shared.total() == 0


def test_a_month_is_written_like_a_month() -> None:
    with pytest.raises(InputError, match="a month is written like 2016-10, not '2016-2'"):
        settle_month(february(DAYS[:1]), "2016-2")
    with pytest.raises(InputError, match="no run holds a day of 2017-02"):
        settle_month(february(DAYS[:1]), "2017-02", partial=True)
    with pytest.raises(InputError, match="the runs differ in currency"):
        settle_month([*february(DAYS[:1]), five_bus()], "2016-02", partial=True)
