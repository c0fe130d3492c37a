"""The rulebook: every threshold, penalty price and choice of a market, typed and versioned.

In: a TOML file or a shipped name, and settings by key. Out: a frozen `RuleBook`, hashed into
every run. One file per section of the document; `book.py` puts them together. A new number of a
market is a field of its section here and a line in `cases/rulebooks/`; nothing else in the
product holds thresholds.
"""

from cases.rulebook.book import RuleBook, rulebook_keys, rulebook_names
from cases.rulebook.settlement import FuturesRules

__all__ = ["FuturesRules", "RuleBook", "rulebook_keys", "rulebook_names"]
