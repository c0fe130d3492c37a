"""The table of the curve article, by both settlement algorithms."""

from decimal import Decimal
from pathlib import Path

import pandas as pd

from counterflow import settlement

WAN = Decimal(10_000)


def main() -> None:
    """Print the seller's receipts by scenario, in 10^4 yuan."""
    periods = pd.read_csv(Path(__file__).parent / "periods.csv")
    print(f"{'scenario':10}{'peak':>8}{'valley':>8}{'total':>8}   in 10^4 yuan")
    for name, rows in periods.groupby("scenario", sort=False):
        paid = settlement.settle_contract(rows, method="contract_plus_deviation")
        amounts = paid["amount"].tolist()
        again = settlement.settle_contract(rows, method="spot_plus_difference")["amount"].tolist()
        assert amounts == again
        print(f"{name:10}" + "".join(f"{a / WAN:8}" for a in (*amounts, sum(amounts))))


if __name__ == "__main__":
    main()
