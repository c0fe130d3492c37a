"""What a market day and its results are: typed tables, checks, readers, rulebooks, runs."""

import cases.lazily  # noqa: F401  before anything that imports what it puts off
from cases.case import Case, CaseMeta
from cases.errors import (
    CheckFailed,
    CounterflowError,
    DataWarning,
    Failure,
    InputError,
    NoClearing,
)
from cases.proof import Proof
from cases.reading import bundled_names, read_case
from cases.rulebook.book import RuleBook, rulebook_keys, rulebook_names
from cases.run import Run
from cases.tables.schema import CASE_TABLES, RUN_TABLES, STATEMENT_TABLES, Column, Table
from cases.verification import verify

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
    "Proof",
    "RuleBook",
    "Run",
    "Table",
    "bundled_names",
    "read_case",
    "rulebook_keys",
    "rulebook_names",
    "verify",
]
