"""Declarations of a monthly auction: segments of energy with a price difference each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from cases.errors import Failure, InputError
from cases.rulebook.guangdong import OfferFormRules

__all__ = ["check_declarations", "require"]

#: Shares that differ by less are equal: 3 x 1/3 of a volume is all of it.
ROUNDING = 1e-9


def check_declarations(
    name: str, declared: pd.DataFrame, who: str, known: pd.Series, rules: OfferFormRules
) -> list[Failure]:
    """Find what is wrong with one side's declarations, all of it.

    Parameters
    ----------
    name
        Name of the table, for the messages.
    declared
        ``who``, segment, mwh (above zero), spread (money per MWh against the base tariff).
    who
        Column of the participant: seller or buyer.
    known
        Names of the participants of this side.
    rules
        The form of an offer: number of segments, least share of each.

    Source: Guangdong's rules of monthly bidding as the article gives them: three segments at most,
    each at least 20 % of the declared volume.
    """
    return [*_values(name, declared, who, known), *_form(name, declared, who, rules)]


def require(name: str, table: pd.DataFrame, columns: list[str]) -> None:
    """Raise InputError naming the columns that a table lacks."""
    missing = [column for column in columns if column not in table]
    if missing:
        raise InputError(
            [Failure(name, None, column, "column", "the column is missing") for column in missing]
        )


def _values(name: str, declared: pd.DataFrame, who: str, known: pd.Series) -> Iterator[Failure]:
    names = set(known)
    again = declared.duplicated([who, "segment"]).to_numpy()
    for row, (owner, mwh, spread) in enumerate(
        zip(declared[who], declared["mwh"], declared["spread"], strict=True)
    ):
        if owner not in names:
            yield Failure(name, row + 2, who, "unknown", f"there is no {who} {owner}")
        if not (np.isfinite(mwh) and mwh > 0):
            yield Failure(name, row + 2, "mwh", "positive", f"must be above zero, not {mwh}")
        if not np.isfinite(spread):
            yield Failure(name, row + 2, "spread", "number", f"must be a number, not {spread}")
        if again[row]:
            yield Failure(name, row + 2, "segment", "twice", f"{owner} has this segment already")


def _form(name: str, declared: pd.DataFrame, who: str, rules: OfferFormRules) -> Iterator[Failure]:
    volume = declared.groupby(who)["mwh"].transform("sum")
    count = declared.groupby(who)["mwh"].transform("size")
    place = declared.groupby(who).cumcount()
    for row, owner in enumerate(declared[who]):
        # One message per declaration: on its first segment.
        if place.iloc[row] == 0 and count.iloc[row] > rules.most_segments:
            yield Failure(
                name,
                row + 2,
                "segment",
                "segments",
                f"{owner} declares {count.iloc[row]} segments, at most "
                f"{rules.most_segments:g} are allowed",
            )
        share = declared["mwh"].iloc[row] / volume.iloc[row]
        if share < rules.smallest_share - ROUNDING:
            yield Failure(
                name,
                row + 2,
                "mwh",
                "smallest_share",
                f"{owner} declares {share:.1%} of its volume in segment "
                f"{declared['segment'].iloc[row]}, each must have {rules.smallest_share:.0%}",
            )
