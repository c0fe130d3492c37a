"""The rulebook: every threshold, penalty price and choice of a market, typed and versioned.

In: a TOML file or a shipped name, a date, and settings by key. Out: a frozen `RuleBook` of the
values in force on that date, each with its source (`source.py`), hashed into every run. `files.py`
reads a file and those that it extends, `dated.py` takes its form apart (a value with its date and
clause beside it), `sheet.py` chooses the date and lays one file over another, `written.py` writes
the record of a run. The sections of the document have a file each; `book.py` puts them together.
A new number of a market is a field of its section here and a line in `cases/rulebooks/`, and
`read_by.py` says what reads it; nothing else in the product holds thresholds.
"""

from cases.rulebook.book import RuleBook, rulebook_keys, rulebook_names
from cases.rulebook.settlement import FuturesRules

__all__ = ["FuturesRules", "RuleBook", "rulebook_keys", "rulebook_names"]
