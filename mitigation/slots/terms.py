"""Numbers that led to a decision and have no column of their own: their names and units."""

from __future__ import annotations

from typing import Final

import pandas as pd

from mitigation.keys import KEY

__all__ = ["PRICE", "TERMS", "terms_of"]

PRICE: Final = "money/MWh"
TERMS: Final = {
    "noncompetitive_congestion": PRICE,
    "competitive_lmp": PRICE,
    "first_step_price": PRICE,
    "competitiveness_index": "",
    "price_schedule_total": "money",
    "limited_schedule_total": "money",
    "cost_schedule_total": "money",
    "crossing_from_mw": "MW",
    "residual_supply_index": "",
    "reference_price": PRICE,
    "guarantee_paid": "money",
    "guarantee_corrected": "money",
}
"""Terms of the shipped procedures and their units; a slot of one's own may state others."""


def terms_of(rows: pd.DataFrame, **columns: str) -> pd.DataFrame:
    """Terms of keys, from columns of ``rows`` that hold their numbers.

    Parameters
    ----------
    rows
        KEY and the columns.
    columns
        Column of each term, such as ``competitive_lmp="competitive_lmp"``.

    Returns
    -------
    DataFrame
        KEY, term, value, unit_of_value: one row per key and term that has a number.
    """
    wide = rows[KEY].assign(**{term: rows[column] for term, column in columns.items()})
    long = wide.melt(KEY, list(columns), var_name="term")
    long = long.assign(value=long["value"].astype(float)).dropna(subset="value")
    return long.assign(unit_of_value=long["term"].map(TERMS)).reset_index(drop=True)
