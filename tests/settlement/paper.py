"""Inputs of the futures paper (settlement.md section 1), shared by the tests."""

from __future__ import annotations

import pandas as pd

from cases.rulebook.settlement import FuturesRules
from settlement.futures import Futures

PRICES = {  # yuan per lot: bought on 1 July, sold on 25 September 2016
    "base": (172_960, 177_960),
    "mid": (132_840, 137_780),
    "peak": (56_170, 56_300),
}
LOTS = {"A": {"base": 24, "mid": 50}, "B": {"base": 29, "mid": 15}}
SPOT = pd.DataFrame(
    {"owner": ["A", "B"], "forecast": [13_092_719, 9_774_226], "actual": [13_289_306, 9_927_755]}
)
FORECAST = (132, 110, 136, 289, 568, 536, 430, 409, 383, 550, 488, 252)
ACTUAL = (138, 109, 138, 302, 572, 548, 432, 417, 386, 560, 502, 246)
REPLAY = Futures(FuturesRules(quote="lot", off_tick="off"))


def trades() -> pd.DataFrame:
    bought, sold = (pd.Timestamp(day, tz="Asia/Shanghai") for day in
                    ("2016-07-01 10:00", "2016-09-25 10:00"))  # fmt: skip
    rows = [
        (f"{owner}-{product}-{side}", owner, side, product, "2016-10", lots, price, at)
        for owner, held in LOTS.items()
        for product, lots in held.items()
        for side, price, at in zip(("buy", "sell"), PRICES[product], (bought, sold), strict=True)
    ]
    return pd.DataFrame(
        rows,
        columns=["trade", "owner", "side", "product", "month", "lots", "price", "traded_at"],
    )


def october(values: tuple[int, ...]) -> pd.Series:
    """A typical day of two-hour blocks, repeated for every hour of October 2016."""
    hours = pd.date_range(
        "2016-10-01", "2016-11-01", freq="h", inclusive="left", tz="Asia/Shanghai"
    )
    return pd.Series([float(values[h // 2]) for h in hours.hour], index=hours)
