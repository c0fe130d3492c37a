"""Tables 4, 5 and 6 of the futures paper from the files beside this script."""

from decimal import Decimal
from pathlib import Path

import pandas as pd

import counterflow as cf

HERE = Path(__file__).parent


def main() -> None:
    """Print the tables."""
    futures = cf.futures.Futures(cf.RuleBook.load(HERE / "rulebook.toml").settlement.futures)
    trades = pd.read_csv(HERE / "futures.csv")
    trades["traded_at"] = pd.to_datetime(trades["traded_at"])
    spot = pd.read_csv(HERE / "spot_costs.csv")

    print("hours per lot, October 2016:", cf.futures.lot_hours(2016, 10))
    print("\nTable 4, yuan per MWh")
    prices = trades.drop_duplicates(["product", "price"])
    for row in prices.itertuples():
        value = futures.mwh_price(row.product, row.month, Decimal(row.price))
        print(f"  {row.product:5} {row.side:5} {row.price:>7} yuan/lot  {value:.2f}")

    print("\nTables 5 and 6")
    print(cf.futures.hedge_report(trades, spot, futures, convention="paper-2016").to_string())

    print("\nTime value by convention (the paper's tables are paper-2016)")
    for name in cf.futures.CONVENTIONS:
        report = cf.futures.hedge_report(trades, spot, futures, convention=name)
        print(f"  {name:22}" + "".join(f"{amount:>10}" for amount in report.loc["time_value"]))


if __name__ == "__main__":
    main()
