"""Offers disclosed after a delay: by unit, as one curve, or under masks that stay the same."""

from __future__ import annotations

import hmac
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from cases import Run
from cases.errors import InputError

__all__ = ["Form", "disclose"]

Form = Literal["unit", "aggregate", "masked"]
_DIGITS: Final = 12


def disclose(
    run: Run,
    *,
    delay_days: float,
    form: Form = "masked",
    as_of: pd.Timestamp | None = None,
    key: str = "",
) -> pd.DataFrame:
    """Offers of a run that may be disclosed, as they were cleared.

    Parameters
    ----------
    run
        A cleared run.
    delay_days
        An interval may be disclosed so many days after its end.
    form
        ``unit``: every block with its unit and owner. ``aggregate``: the supply curve of each
        interval, without names. ``masked``: every block under codes in place of unit and owner,
        without location or source; a name has the same code in every run masked with the same key.
    as_of
        Moment of disclosure, with its timezone; default: now.
    key
        Secret of the masks, needed for ``masked``: without it codes could be undone by hashing the
        names that everybody knows.

    Returns
    -------
    DataFrame
        interval_start, interval_end, and by ``form``: unit, owner, segment, mw, price, source;
        price, mw, cumulative_mw; unit, owner (codes), segment, mw, price.

    Raises
    ------
    InputError
        Another form, a negative delay, no key, a moment without timezone, or nothing to disclose
        yet: the message says from when.
    """
    if form not in get_args(Form):
        raise _bad("form", f"there is no form {form!r}; expected {', '.join(get_args(Form))}")
    if not 0 <= delay_days < np.inf:
        raise _bad("delay_days", f"must be a number of days from 0, not {delay_days}")
    if form == "masked" and not key:
        raise _bad("key", "the masked form needs a secret key, the same for all runs")
    now = pd.Timestamp.now(tz="UTC") if as_of is None else pd.Timestamp(as_of)
    if now.tzinfo is None:
        raise _bad("as_of", f"{now} has no timezone")
    ends = pd.Series(run.case.interval_ends, index=run.case.interval_starts)
    delay = pd.Timedelta(days=delay_days)
    free = ends[ends + delay <= now]
    if free.empty:
        first = (ends.min() + delay).isoformat()
        raise _bad("too early", f"no interval may be disclosed before {first}")
    offers = run.offers_used
    offers = offers[offers["interval_start"].isin(free.index)]
    offers = offers.assign(interval_end=offers["interval_start"].map(ends))
    if form == "aggregate":
        return _curve(offers)
    owner = run.case.units.set_index("unit")["owner"]
    rows = offers.assign(owner=offers["unit"].map(owner).fillna(""))
    columns = ["interval_start", "interval_end", "unit", "owner", "segment", "mw", "price"]
    if form == "unit":
        columns.append("source")
    else:
        for name in ("unit", "owner"):
            codes = {text: _mask(text, name, key) for text in rows[name].unique()}
            rows[name] = rows[name].map(codes)
    order = ["interval_start", "unit", "segment"]
    return rows[columns].sort_values(order, ignore_index=True)


def _curve(offers: pd.DataFrame) -> pd.DataFrame:
    by = ["interval_start", "interval_end", "price"]
    curve = offers.groupby(by, sort=True)["mw"].sum().reset_index()
    curve["cumulative_mw"] = curve.groupby("interval_start")["mw"].cumsum()
    return curve


def _mask(text: str, kind: str, key: str) -> str:
    """Code of a name; a blank owner stays blank, and a unit named as its owner has another code."""
    if not text:
        return ""
    return hmac.digest(key.encode(), f"{kind}:{text}".encode(), "sha256").hex()[:_DIGITS]


def _bad(rule: str, message: str) -> InputError:
    return InputError.one("", None, None, rule, message)
