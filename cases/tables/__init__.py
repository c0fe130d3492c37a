"""The schema: every table of a case, a run and a statement, declared once.

In: nothing. Out: `CASE_TABLES`, `RUN_TABLES`, `STATEMENT_TABLES` (`schema.py`), whose columns
feed the checks, the Parquet metadata and the docs. A new column is one line in the table that
has it.
"""
