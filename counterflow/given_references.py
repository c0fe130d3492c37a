"""Reference levels that a user gives beside a run: agreed ones, or the offers as costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from cases import Case, InputError, Run
from cases.errors import Failure
from cases.files.convert import Source, convert
from cases.files.tables import read_csv
from cases.tables.schema import CASE_TABLES

__all__ = ["levels_of_offers", "saying_what_to_give", "with_negotiated"]

_NAME = "negotiated_references"
AS_COST = "offer as cost"
GIVE = (
    "give what references are made from: the tables costs and fuel_prices, runs of earlier days "
    "(--earlier), agreed levels (--negotiated FILE) or levels of your own (--references FILE); or "
    "take the offers themselves as costs with --offers-are-costs (offers_are_costs=True)"
)


@contextmanager
def saying_what_to_give() -> Iterator[None]:
    """Add to an error of missing references what may be given in their place."""
    try:
        yield
    except InputError as error:
        if not any(failure.rule == "missing_reference" for failure in error.failures):
            raise
        *others, last = error.failures
        raise InputError([*others, replace(last, message=f"{last.message}; {GIVE}")]) from None


def with_negotiated(run: Run, given: str | Path | pd.DataFrame) -> Run:
    """The same run with agreed reference levels added to its case's ``negotiated_references``.

    A row of the case with the same key gives way.

    Raises
    ------
    InputError
        Everything that is wrong with the rows, with file, row and column.
    """
    table = CASE_TABLES[_NAME]
    failures: list[Failure] = []
    if isinstance(given, pd.DataFrame):
        source, frame = Source(_NAME), given
    else:
        path = Path(given)
        source = Source(str(path))
        if not path.is_file():
            message = f"{path} does not exist; expected a CSV file of {_NAME}"
            raise InputError.one("", None, None, _NAME, message)
        read = read_csv(table, path, source, failures)
        if read is None:
            raise InputError(failures)
        frame = read
    rows = convert(table, frame, source, run.case.meta.timezone, failures)
    if failures:
        raise InputError(failures)
    before = run.case.tables[_NAME]
    names = list(table.key)
    both = pd.concat([before, rows], ignore_index=True) if len(before) else rows
    case = run.case.replace(**{_NAME: both.drop_duplicates(names, keep="last")})
    assert run.id  # the parent's own id, which its case makes
    made = copy(run)
    made.case = case
    return made


def levels_of_offers(case: Case) -> pd.DataFrame:
    """The offers of a case as its reference levels: whoever says so takes them for costs."""
    energy = case.offers[["unit", "interval_start", "segment", "mw", "price"]]
    commitment = case.commitment_offers[["unit", "component", "after_hours_off", "price"]]
    reserve = case.reserve_offers
    parts = [energy.assign(component="energy", after_hours_off=np.nan)]
    blank = pd.DatetimeIndex([pd.NaT], dtype=case.interval_starts.dtype)[0]
    if len(commitment):
        parts.append(commitment.assign(interval_start=blank, segment=0, mw=np.nan))
    if len(reserve):
        of_units = reserve[reserve["unit"] != ""] if "unit" in reserve else reserve
        rows = of_units[["unit", "interval_start", "segment", "mw", "price"]]
        parts.append(
            rows.assign(component="reserve:" + of_units["product"], after_hours_off=np.nan)
        )
    found = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    found["interval_start"] = found["interval_start"].astype(case.interval_starts.dtype)
    return found.assign(method=AS_COST, note="taken for a cost because the user says so")
