"""Runs written by hand, shared by the tests of the front door."""

from collections.abc import Callable

import pandas as pd
import pytest

from cases import Case, Run
from tests.counterflow.five_bus import five_bus_case, five_bus_tables, make_run


@pytest.fixture(scope="session")
def case() -> Case:
    return five_bus_case()


@pytest.fixture(scope="session")
def run(case: Case) -> Run:
    return make_run(case, five_bus_tables(case))


@pytest.fixture(scope="session")
def day() -> Run:
    """The same result in each of 24 hours."""
    case = five_bus_case(intervals=24)
    return make_run(case, five_bus_tables(case))


@pytest.fixture(scope="session")
def changed(run: Run) -> Callable[..., Run]:
    """Make a copy of the run with some tables changed."""

    def make(_case: Case | None = None, **tables: pd.DataFrame) -> Run:
        return make_run(_case or run.case, {**run.tables, **tables})

    return make
