"""Congestion split into competitive and non-competitive, and the competitive LMP that follows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mitigation.keys import TERM
from network.arrays import Floats


def competitive_prices(
    prices: pd.DataFrame,
    price_terms: pd.DataFrame,
    verdicts: pd.DataFrame,
    *,
    smallest_congestion: float = 0.0,
) -> pd.DataFrame:
    r"""Split the congestion of every bus by the verdict on each constraint.

    .. math::
        CC_b = \sum_k \mu_k DFAX_{kb}, \quad
        LMP_b = EC + LC_b + CC^{comp}_b + CC^{noncomp}_b, \quad
        CompLMP_b = LMP_b - CC^{noncomp}_b

    The split depends on the slack for which ``price_terms`` holds; see
    :func:`mitigation.structure.slack.reslacked` to change it.

    Parameters
    ----------
    prices
        interval_start, bus, lmp, mec, mlc; money per MWh.
    price_terms
        interval_start, bus, constraint, contingency, dfax, shadow_price.
    verdicts
        interval_start, constraint, contingency, competitive (bool). A constraint without a verdict
        counts as competitive.
    smallest_congestion
        Non-competitive congestion above this makes the resources at a bus subject to mitigation.

    Returns
    -------
    DataFrame
        interval_start, bus, lmp, mec, mlc, mcc_competitive, mcc_noncompetitive, competitive_lmp,
        subject; in the order of ``prices``.

    Source: CAISO tariff section 39.7 and appendix C, decomposition of the congestion component.
    """
    found = verdicts.groupby(TERM, as_index=False)["competitive"].all()
    terms = price_terms.merge(found, on=TERM, how="left", sort=False)
    failed = terms["competitive"].eq(False).to_numpy(dtype=bool)
    congestion = (terms["dfax"] * terms["shadow_price"]).to_numpy(dtype=float)
    parts = terms[["interval_start", "bus"]].assign(
        mcc_competitive=np.where(failed, 0.0, congestion),
        mcc_noncompetitive=np.where(failed, congestion, 0.0),
    )
    sums = parts.groupby(["interval_start", "bus"], as_index=False, sort=False).sum()
    columns = ["interval_start", "bus", "lmp", "mec", "mlc"]
    split = prices[columns].merge(sums, on=["interval_start", "bus"], how="left", sort=False)
    split = split.fillna({"mcc_competitive": 0.0, "mcc_noncompetitive": 0.0})
    return split.assign(
        competitive_lmp=split["lmp"] - split["mcc_noncompetitive"],
        subject=split["mcc_noncompetitive"] > smallest_congestion,
    )


def mitigated_price(offer: Floats, default_bid: Floats, competitive_lmp: Floats) -> Floats:
    """``min(offer, max(default bid, competitive LMP))``, segment by segment, money per MWh.

    Source: CAISO tariff section 39.7.1; ERCOT's second step has the same form.
    """
    return np.minimum(offer, np.maximum(default_bid, competitive_lmp))
