"""How far a decision was from the other verdict: the margin of each test that led to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import pandas as pd

from counterflow.console import number
from mitigation.components import PARAMETER, kind_of
from settlement.ledger.frames import Row

__all__ = ["decision_margins", "margin_sentences"]

COLUMNS: Final = ["component", "test", "result", "value", "limit", "margin", "other_verdict"]


def decision_margins(rows: Sequence[Row], money: str) -> pd.DataFrame:
    """Give the margin of every test of some decisions.

    Parameters
    ----------
    rows
        Rows of the run table ``decisions``.
    money
        The currency, for the words.

    Returns
    -------
    DataFrame
        component, test (structure, conduct, impact), result, value and limit that were compared,
        margin (value less limit: how much it would have had to differ), other_verdict (in words,
        what would have given the other verdict).
    """
    found = [row for each in rows for row in (_structure(each), *_compared(each, money)) if row]
    return pd.DataFrame(found, columns=COLUMNS)


def margin_sentences(margins: pd.DataFrame) -> list[str]:
    """Say what would have given the other verdict, test by test."""
    return [
        f"The other verdict ({component}, {test}): {said}."
        for component, test, said in zip(
            margins["component"], margins["test"], margins["other_verdict"], strict=True
        )
    ]


def _structure(row: Row) -> tuple[object, ...] | None:
    rsi3, need = row["rsi3"], row["need_mw"]
    if not row["tps_result"] or math.isnan(rsi3):
        return None
    short = (1.0 - rsi3) * need
    if row["tps_result"] == "pass":
        said = f"{number(-short)} MW less of relief from owners outside {row['pivotal_group']}"
    else:
        said = (
            f"more than {number(short)} MW more of relief from other owners, or as much less need"
        )
    values = (row["component"], "structure", row["tps_result"], rsi3, 1.0, rsi3 - 1.0)
    return (*values, said)


def _compared(row: Row, money: str) -> list[tuple[object, ...]]:
    component = row["component"]
    found: list[tuple[object, ...]] = []
    coin = "" if kind_of(component) == PARAMETER else money
    limit, offered = row["conduct_limit"], row["offered"]
    if row["conduct_result"] in ("pass", "fail") and math.isfinite(limit):
        less = limit < offered
        if row["conduct_result"] == "fail":
            said = f"an offer at {coin}{number(limit)}, {number(abs(offered - limit))} "
            said += "lower" if less else "higher"
        else:
            said = f"an offer beyond {coin}{number(limit)}, {number(abs(limit - offered))} away"
        found.append(
            (component, "conduct", row["conduct_result"], offered, limit, offered - limit, said)
        )
    moved, most = row["lmp_with_offer"] - row["lmp_with_reference"], row["impact_limit"]
    if row["impact_result"] and math.isfinite(most) and not math.isnan(moved):
        apart = moved - most
        if row["impact_result"] == "fail":
            said = f"an impact smaller by {money}{number(apart)}, or a limit of {number(moved)}"
        elif row["impact_result"] == "pass":
            said = f"an impact larger by more than {money}{number(-apart)}"
        else:
            said = "a measurement in which run and control agree"
        found.append((component, "impact", row["impact_result"], moved, most, apart, said))
    return found
