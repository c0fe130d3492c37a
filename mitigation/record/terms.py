"""The run table ``decision_terms``: what a procedure counted with, number by number."""

from __future__ import annotations

import pandas as pd

from mitigation.keys import KEY

__all__ = ["decision_terms"]


def decision_terms(decisions: pd.DataFrame, terms: pd.DataFrame) -> pd.DataFrame:
    """Give every term of a procedure the id of its decision.

    Parameters
    ----------
    decisions
        The run table ``decisions``.
    terms
        KEY, term, value, unit_of_value: what the slots of the procedure state. Of a term that is
        stated twice of a key the later number holds, that of the slot that went on with it.

    Returns
    -------
    DataFrame
        decision_id, term, value, unit, in the order of the decisions, then of the terms.
    """
    latest = terms.drop_duplicates([*KEY, "term"], keep="last")
    ids = decisions[[*KEY, "decision_id"]].assign(order=range(len(decisions)))
    rows = latest.merge(ids, on=KEY, sort=False)
    rows = rows.sort_values(["order", "term"], kind="stable", ignore_index=True)
    rows = rows.rename(columns={"unit_of_value": "unit"} | {"unit": "of"})
    return rows[["decision_id", "term", "value", "unit"]]
