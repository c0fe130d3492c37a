"""The conduct test by component: the row of each key that matters most."""

from __future__ import annotations

import pandas as pd

from mitigation.components import is_parameter
from mitigation.keys import KEY

__all__ = ["by_key"]


def by_key(conduct: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``tests_conduct``, one per unit, interval and component: the one that matters most.

    A row that fails goes before one that passes, one that passes before one that is exempt; among
    them the one with the largest margin over its limit.
    """
    rank = conduct["result"].map({"fail": 0, "pass": 1, "exempt": 2}).fillna(3)
    over = conduct["offered"] - conduct["limit"]
    lower = is_parameter(conduct["component"]) & (conduct["limit"] < conduct["reference"])
    ranked = conduct.assign(rank=rank, over=over.where(~lower, -over))
    ranked = ranked.sort_values([*KEY, "rank", "over"], ascending=[True] * 4 + [False])
    near = conduct.groupby(KEY, dropna=False, sort=False)["near"].any().rename("any_near")
    worst = ranked.drop_duplicates(KEY).join(near, on=KEY)
    return worst.drop(columns=["rank", "over"]).reset_index(drop=True)
