"""Who may see what of statements, invoices and indices, and from when.

The public sees indices, and sums of the whole market; a participant its own lines, invoices and
netting beside them; the monitor everything. Rows are dropped before anything is written. A table
is shown so many days after the end of the day (or month) that a row is of, by the rulebook's
`settlement.disclosure`. Sums over a month are not shown before all that they are made from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from cases.errors import InputError
from cases.market_time import first_moment
from cases.rulebook.settlement import DisclosureRules
from settlement.ledger.ledger import Ledger
from settlement.ledger.statement import Statement
from settlement.month.lines import MonthLedger
from settlement.month.statement import MonthStatement

__all__ = ["Viewer", "disclosed", "disclosed_month", "shown_periods"]


@dataclass(frozen=True)
class Viewer:
    """For whom something is made: everybody, one participant, or the monitor; and when."""

    kind: str
    owner: str
    as_of: pd.Timestamp

    @classmethod
    def of(cls, text: str, as_of: pd.Timestamp | str | None = None) -> Viewer:
        """From "public", "participant:NAME" or "monitor"; at a moment with a timezone, or now.

        Raises
        ------
        InputError
            Where it is written otherwise, or the moment has no timezone.
        """
        kind, colon, owner = text.partition(":")
        if kind not in ("public", "participant", "monitor") or (kind == "participant") != bool(
            colon and owner
        ):
            message = f"--for is public, participant:NAME or monitor, not {text!r}"
            raise InputError.one("", None, None, "for", message)
        try:
            now = pd.Timestamp.now(tz="UTC") if as_of is None else pd.Timestamp(as_of)
        except ValueError:
            message = f"a moment is written like 2016-11-08T09:00:00+08:00, not {as_of!r}"
            raise InputError.one("", None, None, "as_of", message) from None
        if now.tzinfo is None:
            message = f"{as_of} has no timezone: write it like 2016-11-08T09:00:00+08:00"
            raise InputError.one("", None, None, "as_of", message)
        return cls(kind, owner, now)

    @property
    def words(self) -> str:
        """As it was written."""
        return f"{self.kind}:{self.owner}" if self.owner else self.kind

    def sees(self, owner: str) -> bool:
        """Whether rows of an owner may be shown at all."""
        return self.kind == "monitor" or (self.kind == "participant" and owner == self.owner)

    def after(self, period: str, days: float, timezone: str) -> bool:
        """Whether a day or month (2016-10-05, 2016-10) ended at least so many days ago."""
        return self.kind == "monitor" or _free(period, days, timezone) <= self.as_of


def disclosed(statement: Statement, viewer: Viewer, rules: DisclosureRules) -> Statement:
    """The statement of a run as a viewer may see it.

    Raises
    ------
    InputError
        If a participant has no line in it.
    """
    if viewer.kind == "monitor":
        return statement
    timezone = str(statement.manifest["timezone"])
    if viewer.kind == "participant":
        statement.of(viewer.owner)
    days = _days(statement.lines["interval_start"])
    own = statement.lines["owner"].map(viewer.sees).astype(bool)
    free = {day: viewer.after(day, rules.statement_days, timezone) for day in days.unique()}
    lines = statement.lines[own & days.map(free).astype(bool)]
    complete = all(free.values())
    balance, uplift = statement.balance, statement.uplift
    kept = [table[table["owner"].map(viewer.sees).astype(bool) & complete]
            for table in (balance, uplift)]  # fmt: skip
    whole = _days(statement.reconciliation["interval_start"])
    shown = whole.map(lambda day: viewer.after(day, rules.reconciliation_days, timezone))
    withheld = {}
    if viewer.kind == "participant" and not complete:
        withheld = dict.fromkeys(("balance", "uplift"), _latest(free, rules, timezone))
    return Statement(
        lines.reset_index(drop=True),
        kept[1].reset_index(drop=True),
        kept[0].reset_index(drop=True),
        statement.reconciliation[shown.astype(bool)].reset_index(drop=True),
        _manifest(statement.manifest, viewer, rules, withheld),
    )


def disclosed_month(
    month: MonthStatement, viewer: Viewer, rules: DisclosureRules
) -> MonthStatement:
    """The statement of a month as a viewer may see it.

    Raises
    ------
    InputError
        If a participant has no line in it.
    """
    if viewer.kind == "monitor":
        return month
    timezone, name = str(month.manifest["timezone"]), str(month.manifest["month"])
    if viewer.kind == "participant" and viewer.owner not in set(month.netting["owner"]):
        known = viewer.owner
        raise InputError.one("", None, None, "owner", f"no lines of {known!r} in {name}")
    free = {
        period: viewer.after(period, rules.statement_days, timezone)
        for period in [*month.days["day"], name]
    }
    complete = free[name]
    pieces = [
        replace(piece, ledger=_part(piece.ledger, viewer, free, piece.month, timezone))
        for piece in month.ledger.pieces
    ]
    whole = Ledger.like(month.ledger.ledger)
    for piece in pieces:
        whole.take(piece.ledger)
    tables = {}
    for table in ("balance", "versions", "invoices", "netting"):
        frame: pd.DataFrame = getattr(month, table)
        mine = frame["owner"].map(viewer.sees).astype(bool)
        if table == "versions":
            mine &= frame["day"].map(free).astype(bool)
        else:
            mine &= complete
        tables[table] = frame[mine].reset_index(drop=True)
    shown = [viewer.after(period, rules.indices_days, timezone)
             for period in month.indices["period"]]  # fmt: skip
    withheld = {}
    if viewer.kind == "participant" and not complete:
        until = _free(name, rules.statement_days, timezone).isoformat()
        withheld = dict.fromkeys(("balance", "invoices", "netting"), until)
    return MonthStatement(
        MonthLedger(whole, pieces, month.ledger.timezone),
        tables["balance"],
        month.days if viewer.kind == "participant" else month.days.iloc[:0],
        tables["versions"],
        tables["invoices"],
        tables["netting"],
        month.indices[shown].reset_index(drop=True),
        _manifest(month.manifest, viewer, rules, withheld),
    )


def shown_periods(table: pd.DataFrame, viewer: Viewer, days: float, timezone: str) -> pd.DataFrame:
    """Rows of a table whose column `period` (interval, day or month) is free for a viewer."""
    free = [viewer.after(text[:10], days, timezone) for text in table["period"]]
    return table[free].reset_index(drop=True)


def _part(
    ledger: Ledger, viewer: Viewer, free: Mapping[str, bool], month: str, timezone: str
) -> Ledger:
    """Lines of a participant whose day is free; a month's own with the month."""
    own = Ledger.like(ledger)
    if viewer.kind == "participant":
        for line in ledger.of_owner(viewer.owner):
            day = month or f"{line.interval_start.tz_convert(timezone):%Y-%m-%d}"
            if free[day]:
                own.put([line])
    return own


def _free(period: str, days: float, timezone: str) -> pd.Timestamp:
    """The moment from which a day or month may be shown."""
    start = pd.Timestamp(period)
    step = pd.offsets.MonthBegin(1) if len(period) == 7 else pd.Timedelta(days=1)
    end = first_moment(pd.Timestamp(start + step), timezone)
    return end + pd.Timedelta(days=days)


def _days(starts: pd.Series) -> pd.Series:
    days: pd.Series = starts.dt.strftime("%Y-%m-%d")
    return days


def _latest(free: Mapping[str, bool], rules: DisclosureRules, timezone: str) -> str:
    return max(_free(day, rules.statement_days, timezone) for day in free).isoformat()


def _manifest(
    manifest: Mapping[str, Any], viewer: Viewer, rules: DisclosureRules, withheld: dict[str, str]
) -> dict[str, Any]:
    """The manifest without what names others, and with what was shown to whom."""
    hidden = {"overrides", "curves", "unmatched", "futures"}
    kept = {name: value for name, value in manifest.items() if name not in hidden}
    empty: dict[str, Any] = {"overrides": {}, "curves": {}}
    if "futures" in manifest:
        empty["futures"] = {"clearing_house": "", "unmatched": {}}
    return kept | empty | {
        "disclosure": {
            "for": viewer.words,
            "as_of": viewer.as_of.isoformat(),
            "delays": rules.model_dump(),
            "withheld_until": withheld,
        }
    }  # fmt: skip
