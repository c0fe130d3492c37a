"""Who reads a page, and the run that this reader may see: rows are dropped, never hidden.

Every table has a rule; one without a rule is left out. A participant sees the market's own
results and the rows that are about its own units; the public sees the market's results alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

import pandas as pd

from cases import Case, InputError, Run
from cases.tables.schema import CASE_TABLES, RUN_TABLES, empty_frame

__all__ = ["MONITOR", "Audience", "disclosed"]

_FREE: Final = ("note", "reason", "override_reason", "override_by", "pivotal_group")
"""Columns of free text or of other owners' names."""
_OPEN: Final = (
    "prices",
    "zone_prices",
    "node_prices",
    "published_prices",
    "published_reserve_prices",
    "flows",
    "link_flows",
    "price_terms",
    "reserve_prices",
)
_BY_UNIT: Final = (
    "dispatch",
    "marginal_units",
    "reserves",
    "future_values",
    "energy_budgets",
    "offers_used",
    "tests_conduct",
    "decisions",
    "reference_levels",
    "relief",
)
_OPEN_CASE: Final = (
    "buses",
    "branches",
    "links",
    "price_nodes",
    "interfaces",
    "interface_limits",
    "hubs",
    "reserve_products",
    "reserve_requirements",
    "reserve_demand",
)
_OFFERING: Final = ("units", "storage", "loads", "virtuals")
"""Case tables whose first column names something that an owner has."""
OUTAGE: Final = "unit outage"
"""Stands for the name of a contingency that is another participant's unit."""


@dataclass(frozen=True)
class Audience:
    """A reader: the public, the participant that ``owner`` names, or the monitor."""

    kind: Literal["public", "participant", "monitor"] = "monitor"
    owner: str = ""

    @classmethod
    def named(cls, text: str) -> Audience:
        """Read ``public``, ``monitor`` or ``participant:OWNER``.

        Raises
        ------
        InputError
            Another text, or a participant without a name.
        """
        kind, colon, owner = text.partition(":")
        if kind == "participant" and owner.strip():
            return cls("participant", owner.strip())
        if kind == "public" and not colon:
            return cls("public")
        if kind == "monitor" and not colon:
            return cls("monitor")
        message = f"there is no reader {text!r}; expected public, participant:OWNER or monitor"
        raise InputError.one("", None, None, "usage", message)

    def __str__(self) -> str:
        return f"participant:{self.owner}" if self.kind == "participant" else self.kind


MONITOR: Final = Audience()


def disclosed(run: Run, audience: Audience) -> Run:
    """Give the run without the rows that a reader may not see; the monitor sees all of it.

    Raises
    ------
    InputError
        A participant that owns nothing in the case.
    """
    if audience.kind == "monitor":
        return run
    own = _Own(run.case, audience.owner)
    tables = {name: own.table(name, run.tables[name]) for name in run.tables if name in RUN_TABLES}
    if "decision_terms" in tables:
        shown = set(tables["decisions"]["decision_id"]) if "decisions" in tables else set()
        terms = run.tables["decision_terms"]
        tables["decision_terms"] = terms[terms["decision_id"].isin(shown)]
    told = {name: value for name, value in run.stated.items() if name != "warnings"}
    if "mitigation" in told:
        told["mitigation"] = {**told["mitigation"], "notes": [], "earlier": []}
    return Run({**told, "warnings": []}, tables, own.case, run.rulebook, events=[])


class _Own:
    """What belongs to a participant, and filters by it."""

    def __init__(self, case: Case, owner: str) -> None:
        names: dict[str, set[str]] = {name: set() for name in _OFFERING}
        others: set[str] = set(case.owners["owner"]) | set(case.owners["parent"].dropna())
        for name in _OFFERING:
            table, key = case.tables[name], CASE_TABLES[name].columns[0].name
            mine = table["owner"] == owner if owner else pd.Series(False, index=table.index)
            names[name] = set(table.loc[mine, key])
            others |= set(table.loc[~mine, key]) | set(table["owner"])
        if owner and owner not in set(case.owners["owner"]) | others:
            known = ", ".join(sorted(set(case.owners["owner"]))[:8])
            message = f"there is no owner {owner!r} in the case; owners: {known}"
            raise InputError.one("", None, None, "usage", message)
        self.owner, self.names = owner, names
        self.things = set().union(*names.values())
        self.hidden = {name for name in others - self.things - {owner, ""} if name}
        words = sorted((re.escape(name) for name in self.hidden), key=len, reverse=True)
        self.pattern = re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)") if words else None
        self.unit_outages = self._unit_outages(case)
        self.case = self._case(case)

    def _unit_outages(self, case: Case) -> set[str]:
        table = case.contingencies
        units = (table["kind"] == "unit") & ~table["element"].isin(self.things)
        return set(table.loc[units, "contingency"])

    def _case(self, case: Case) -> Case:
        tables = {}
        for name, table in case.tables.items():
            rule = _CASE_RULES.get(name)
            tables[name] = (
                rule(self, table) if rule else empty_frame(CASE_TABLES[name], case.meta.timezone)
            )
        return Case(case.meta, tables)

    def rows(self, table: pd.DataFrame, key: str) -> pd.DataFrame:
        """Rows whose ``key`` names something of the participant."""
        return table[table[key].isin(self.things)]

    def owned(self, table: pd.DataFrame) -> pd.DataFrame:
        """Rows that name the participant as owner."""
        if not self.owner:
            return table.iloc[:0]
        return table[table["owner"] == self.owner]

    def wide(self, table: pd.DataFrame) -> pd.DataFrame:
        """Columns of a wide table that are about the participant's own."""
        return table[[name for name in table if name == "interval_start" or name in self.things]]

    def clean(self, text: str) -> str:
        """Give a text where it names nobody else, "" where it does."""
        return "" if self.pattern is not None and self.pattern.search(text) else text

    def table(self, name: str, table: pd.DataFrame) -> pd.DataFrame:
        """Rows of a run's table that may be seen."""
        rule = _RUN_RULES.get(name)
        kept = rule(self, table) if rule else table.iloc[:0]
        changed: dict[str, Any] = {
            column: [self.clean(str(text)) for text in kept[column]]
            for column in _FREE
            if column in kept
        }
        if "contingency" in kept and self.unit_outages:
            hidden = kept["contingency"].isin(self.unit_outages)
            changed["contingency"] = kept["contingency"].mask(hidden, OUTAGE)
        return kept.assign(**changed) if changed else kept


def _all(own: _Own, table: pd.DataFrame) -> pd.DataFrame:
    return table


def _units(own: _Own, table: pd.DataFrame) -> pd.DataFrame:
    return own.rows(table, "unit")


def _owner(own: _Own, table: pd.DataFrame) -> pd.DataFrame:
    return own.owned(table)


def _limits(own: _Own, table: pd.DataFrame) -> pd.DataFrame:
    """Limits of the grid and of reserves; those of a unit are the owner's."""
    of_units = table["kind"].isin(["ramp", "ramp_up", "ramp_down", "custom"])
    return table[~of_units | table["element"].isin(own.things)]


def _impact(own: _Own, table: pd.DataFrame) -> pd.DataFrame:
    about = (table["scope"] != "unit") | table["subject"].isin(own.things)
    whose = table["counterfactual"].isin({"joint", own.owner} | own.things)
    return table[about & whose]


def _indices(own: _Own, table: pd.DataFrame) -> pd.DataFrame:
    named = table["scope"].isin(["owner", "zone_owner", "unit"])
    mine = table["subject"].isin(own.things | ({own.owner} if own.owner else set()))
    return table[~named | mine]


def _key(key: str) -> Callable[[_Own, pd.DataFrame], pd.DataFrame]:
    return lambda own, table: own.rows(table, key)


def _wide(own: _Own, table: pd.DataFrame) -> pd.DataFrame:
    return own.wide(table)


def _branch_outages(own: _Own, table: pd.DataFrame) -> pd.DataFrame:
    return table[~table["contingency"].isin(own.unit_outages)]


_Rule = Callable[[_Own, pd.DataFrame], pd.DataFrame]


def _named(names: Iterable[str], rule: _Rule) -> dict[str, _Rule]:
    return dict.fromkeys(names, rule)


_RUN_RULES: Final[dict[str, _Rule]] = {
    **_named(_OPEN, _all),
    **_named(_BY_UNIT, _units),
    "constraints": _limits,
    "slacks": _limits,
    "load_awards": _key("load"),
    "virtual_awards": _key("virtual"),
    "storage_schedule": _key("storage"),
    "tests_structure": _owner,
    "tests_impact": _impact,
    "indices": _indices,
}
_CASE_RULES: Final[dict[str, _Rule]] = {
    **_named(_OPEN_CASE, _all),
    **{name: _key(CASE_TABLES[name].columns[0].name) for name in _OFFERING},
    "offers": _units,
    "commitment_offers": _units,
    "costs": _units,
    "owners": _owner,
    "availability": _wide,
    "self_schedules": _wide,
    "demand": _wide,
    "contingencies": _branch_outages,
}
