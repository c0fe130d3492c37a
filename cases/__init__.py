"""What a market day and its results are: typed tables, checks, readers, rulebooks, runs."""

from cases.case import Case, CaseMeta
from cases.errors import (
    CheckFailed,
    CounterflowError,
    DataWarning,
    Failure,
    InputError,
    NoClearing,
)
from cases.schema import CASE_TABLES, RUN_TABLES, STATEMENT_TABLES, Column, Table

__all__ = [
    "CASE_TABLES",
    "RUN_TABLES",
    "STATEMENT_TABLES",
    "Case",
    "CaseMeta",
    "CheckFailed",
    "Column",
    "CounterflowError",
    "DataWarning",
    "Failure",
    "InputError",
    "NoClearing",
    "Table",
]
