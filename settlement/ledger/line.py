"""One line of a statement."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import pandas as pd

__all__ = ["Line"]


class Line(NamedTuple):
    """One statement line; `amount` is money received, negative where paid."""

    owner: str
    subject: str
    interval_start: pd.Timestamp
    item: str
    quantity: Decimal
    price: Decimal
    amount: Decimal
    rule: str
