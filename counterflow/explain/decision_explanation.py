"""Why an offer was mitigated or kept: the chain of tests in numbered sentences."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cases import Run
from cases.errors import InputError
from counterflow.console import number, stamp
from counterflow.explain.decision_counterfactual import counterfactual_sentences, proof_of
from counterflow.explain.decision_margins import decision_margins, margin_sentences
from counterflow.explain.lookup import resolve_interval, resolve_name
from counterflow.explain.rule_values import rule_sentences, rule_values
from mitigation.components import PARAMETER, RESERVE, kind_of, subject_of
from mitigation.conduct.sellers import offering, owners_by_name, places_by_name
from settlement.ledger.frames import Row, records

__all__ = ["DecisionExplanation", "explain_decision"]

_UNITS = {
    "energy": "/MWh",
    "min_generation": "/MWh",
    "no_load": " per hour",
    "startup": " per start",
    "shutdown": " per stop",
    "charge": "/MWh",
    "discharge": "/MWh",
}


@dataclass(frozen=True)
class DecisionExplanation:
    """What was done with a unit's offer in one interval, and why.

    ``sentences`` is the chain in order; ``decisions`` the rows of the run's ``decisions`` that it
    is about (those of the interval and those that hold in every interval); ``rules`` the keys of
    the rulebook that decided, with value, clause and date; ``margins`` how far each test was from
    the other verdict (see :mod:`counterflow.explain.decision_margins`); ``proof`` what is proven of
    the counterfactual. ``str()`` gives the numbered sentences.
    """

    run: str
    case: str
    unit: str
    owner: str
    bus: str
    interval_start: pd.Timestamp
    interval_end: pd.Timestamp
    action: str
    sentences: tuple[str, ...]
    decisions: pd.DataFrame
    rules: pd.DataFrame
    margins: pd.DataFrame
    proof: str

    def __str__(self) -> str:
        return "\n".join(f"{n}. {text}" for n, text in enumerate(self.sentences, start=1))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        out = {name: getattr(self, name) for name in self.__dataclass_fields__}
        out["sentences"] = list(self.sentences)
        out["decisions"] = self.decisions.to_dict("records")
        out["rules"] = self.rules.to_dict("records")
        out["margins"] = self.margins.to_dict("records")
        return out


def explain_decision(run: Run, *, unit: str, at: str | pd.Timestamp) -> DecisionExplanation:
    """Explain what a mitigated run did with the offer of a unit in one interval, and why.

    Parameters
    ----------
    run
        A run that :func:`counterflow.mitigate` made.
    unit
        Name of the unit.
    at
        ISO 8601, with an offset or else in the case's timezone; ``HH:MM`` in a run of one day.

    Raises
    ------
    InputError
        The run holds no decisions; an unknown unit, or no interval there.
    """
    table = run.decisions
    if "mitigation" not in run.manifest and table.empty:
        message = "the run was not mitigated: it holds no decisions; run counterflow mitigate first"
        raise InputError.one("", None, "decisions", "not_mitigated", message)
    name = resolve_name(unit, _offering(run), "unit")
    starts, ends = run.case.interval_starts, run.case.interval_ends
    written = at.isoformat() if isinstance(at, pd.Timestamp) else at
    position = resolve_interval(written, starts, ends, run.case.meta.timezone)
    start = starts[position]
    own = table[table["unit"] == name]
    rows = own[own["interval_start"].isna() | (own["interval_start"] == start)]
    order = rows["interval_start"].isna().astype(int)
    rows = rows.assign(order=order).sort_values(["order", "component"], kind="stable")
    rows = rows.drop(columns="order").reset_index(drop=True)
    bus, owner = places_by_name(run.case)[name], owners_by_name(run.case)[name]
    cited = _cited(run, rows, start)
    decisive = [row for row in records(rows) if _is_decisive(row)]
    margins = decision_margins(decisive, run.case.meta.currency)
    scopes = [str(row["impact_scope"]) for row in decisive if row["impact_scope"]]
    said = _sentences(run, name, str(bus), start, rows)
    return DecisionExplanation(
        run=run.id,
        case=run.case.meta.name,
        unit=name,
        owner=str(owner),
        bus=str(bus),
        interval_start=start,
        interval_end=ends[position],
        action=_action(rows),
        sentences=(*said, *margin_sentences(margins), *rule_sentences(run.rulebook, cited)),
        decisions=rows,
        rules=rule_values(run.rulebook, cited),
        margins=margins,
        proof=proof_of(run, scopes[0] if scopes else ""),
    )


def _offering(run: Run) -> pd.Series:
    """Names of everybody who may have an offer: units, then storage."""
    return pd.Series(offering(run.case).index)


def _is_decisive(row: Row) -> bool:
    """Whether a decision is told in full: it failed conduct, was taken by hand, or is of energy."""
    failed = row["conduct_result"] == "fail"
    return bool(failed or row["override_by"] or row["component"] == "energy")


def _action(rows: pd.DataFrame) -> str:
    found = set(rows["action"])
    return next((name for name in ("mitigated", "kept", "exempt") if name in found), "not tested")


def _sentences(run: Run, unit: str, bus: str, start: pd.Timestamp, rows: pd.DataFrame) -> list[str]:
    if rows.empty:
        return [f"{unit} has no offer in this interval, so nothing of it was tested."]
    said: list[str] = []
    money = run.case.meta.currency
    listed = records(rows)
    for row in listed:
        said += _structure(row, start, money)
    passed, unknown = [], []
    for row in listed:
        if _is_decisive(row):
            said += _conduct(run, row, start, money)
        elif math.isnan(row["reference"]):
            unknown.append(_named(row))
        else:
            passed.append(f"{_named(row)} ({row['conduct_result']})")
        if row["conduct_result"] == "fail" or row["override_by"]:
            said += _terms(run, row, money)
            said += _impact(run, row, money)
            said += counterfactual_sentences(run, row, money)
            said.append(_verdict(row, money))
    if passed:
        said.append(f"Also tested, and not above a limit: {', '.join(passed)}.")
    if unknown:
        said.append(f"Not tested, for want of a reference level: {', '.join(unknown)}.")
    if not any(row["conduct_result"] == "fail" or row["override_by"] for row in listed):
        said.append(f"Nothing failed the conduct test: the offer of {unit} stays as submitted.")
    said.append(_result(run, unit, bus, start, money))
    return list(dict.fromkeys(said))


def _structure(row: Row, start: pd.Timestamp, money: str) -> list[str]:
    if not row["constraint"]:
        return []
    after = f" after the outage of {row['contingency']}" if row["contingency"] else ""
    said = [
        f"{row['constraint']} binds at {stamp(start)}{after} ({row['direction']} limit), shadow "
        f"price {money}{number(row['shadow_price'])}/MWh with the offers as submitted."
    ]
    if math.isnan(row["rsi3"]):
        return said
    passed = row["tps_result"] == "pass"
    if math.isnan(row["relevant_price"]):
        said.append(
            f"{number(row['need_mw'])} MW of counterflow is dispatched; without what "
            f"{row['pivotal_group']} can withhold, {number(row['effective_supply_mw'])} MW can be "
            f"had. RSI3 = {number(row['rsi3'], 4)} {'>=' if passed else '<'} 1: the constraint is "
            f"{'' if passed else 'not '}competitive [competitive_path]."
        )
        return said
    said.append(
        f"{number(row['need_mw'])} MW of relief is needed; relevant supply at effective prices "
        f"up to the screen of {money}{number(row['relevant_price'])}/MWh is "
        f"{number(row['effective_supply_mw'])} MW. RSI3 = {number(row['rsi3'], 4)} "
        f"{'>' if passed else '<='} 1 for {row['owner']}, tested with {row['pivotal_group']}: "
        f"{row['tps_result']} [three_pivotal]."
    )
    return said


def _conduct(run: Run, row: Row, start: pd.Timestamp, money: str) -> list[str]:
    """The conduct test of one component: offer, reference, limit, verdict."""
    what, per = _named(row), _UNITS.get(row["component"], "")
    if kind_of(row["component"]) == RESERVE:
        per = "/MW and hour"
    coin = "" if kind_of(row["component"]) == PARAMETER else money
    where = f" up to {number(row['mw'])} MW" if not math.isnan(row["mw"]) else ""
    offered = f"{coin}{number(row['offered'])}{per}"
    if math.isnan(row["reference"]):
        return [f"{what} offered {offered}{where}: {row['note'] or 'no reference level'}, exempt."]
    how = f" ({row['reference_method']})" if row["reference_method"] else ""
    area = f" of area {row['area']}" if row["area"] else ""
    verdict = {"fail": "fails", "pass": "passes", "exempt": "is exempt"}[row["conduct_result"]]
    limit = row["conduct_limit"]
    told = "no limit" if not math.isfinite(limit) else f"limit{area} {coin}{number(limit)}"
    rule = _conduct_rule(run, row, start)
    cited = f" [{rule}]" if rule else ""
    return [
        f"{what} offered {offered}{where} against the reference {coin}{number(row['reference'])}"
        f"{how}: {told}, so it {verdict} the conduct test{cited}."
    ]


def _cited(run: Run, rows: pd.DataFrame, start: pd.Timestamp) -> list[str]:
    """Rules that decided: of the conduct test, and of what followed from it."""
    rules: list[str] = []
    for row in records(rows):
        if row["conduct_result"] == "fail" or row["component"] == "energy":
            rules.append(_conduct_rule(run, row, start))
        if row["conduct_result"] == "fail":
            rules.append(row["rule_id"])
    return list(dict.fromkeys(rule for rule in rules if rule))


def _conduct_rule(run: Run, row: Row, start: pd.Timestamp) -> str:
    tests = run.tests_conduct
    own = tests[(tests["unit"] == row["unit"]) & (tests["component"] == row["component"])]
    own = own[own["interval_start"].isna() | (own["interval_start"] == start)]
    own = own[own["result"] == row["conduct_result"]]
    return str(own["rule_id"].iloc[0]) if len(own) else ""


def _terms(run: Run, row: Row, money: str) -> list[str]:
    """The numbers of its procedure that led to a decision."""
    table = run.decision_terms
    own = table[table["decision_id"] == row["decision_id"]]
    if own.empty:
        return []
    told = []
    for term, value, unit in zip(own["term"], own["value"], own["unit"], strict=True):
        name = term.replace("_", " ").replace("lmp", "LMP")
        coin, per = (money, unit[len("money") :]) if unit.startswith("money") else ("", f" {unit}")
        told.append(f"{name} {coin}{number(value)}{per}".rstrip())
    return [f"{_named(row)}, the numbers of its procedure: {', '.join(told)}."]


def _impact(run: Run, row: Row, money: str) -> list[str]:
    """The impact test of one component, with its counterfactual."""
    if not row["impact_result"]:
        return []
    scope = row["impact_scope"]
    which = {
        "joint": "all offers that failed conduct are at their references",
    }.get(scope, f"only the failing offers of {scope} are at their references")
    place, at = row["impact_subject"], row["impact_interval"]
    named_alike = place in set(run.case.buses["bus"]) and not pd.isna(row["interval_start"])
    elsewhere = "" if pd.isna(at) or at == row["interval_start"] else f" at {at:%Y-%m-%d %H:%M}"
    what = (
        f"guarantee payment of {place} on a day"
        if place == row["unit"] and not named_alike
        else f"price at {place}{elsewhere}"
    )
    rise = row["lmp_with_offer"] - row["lmp_with_reference"]
    limit = number(row["impact_limit"]) if math.isfinite(row["impact_limit"]) else "none"
    text = (
        f"Impact when {which}: the {what} is {money}{number(row['lmp_with_offer'])} with the "
        f"offers and {money}{number(row['lmp_with_reference'])} with references, a difference of "
        f"{number(rise)} against a limit of {limit}: {row['impact_result']}"
    )
    rule = row["rule_id"] if row["rule_id"].startswith("mitigation.") else ""
    said = [f"{text} [{rule}]." if rule else f"{text}."]
    if row["impact_result"] == "not measurable" and row["note"]:
        said.append(f"It cannot be measured: {row['note']}.")
    return said


def _verdict(row: Row, money: str) -> str:
    what = _named(row)
    if row["override_by"]:
        reason = row["override_reason"]
        return f"{what} is {row['action']} by {row['override_by']}: {reason} [override]."
    if row["action"] == "mitigated":
        why = f" ({row['note']})" if row["note"] and not row["impact_result"] else ""
        rule = f" [{row['rule_id']}]" if why and row["rule_id"] else ""
        return (
            f"{what} is mitigated: {money}{number(row['offer_used'])} is used in place of "
            f"{money}{number(row['offered'])}{why}{rule}."
        )
    note = f" ({row['note']})" if row["note"] else ""
    return f"{what} is kept as submitted{note}."


def _result(run: Run, unit: str, bus: str, start: pd.Timestamp, money: str) -> str:
    dispatch = run.dispatch
    own = dispatch[(dispatch["unit"] == unit) & (dispatch["interval_start"] == start)]
    prices = run.prices
    price = prices[(prices["bus"] == bus) & (prices["interval_start"] == start)]
    if own.empty or price.empty:
        return "The market result has no dispatch of this unit in the interval."
    return (
        f"In the market result {unit} produces {number(float(own['mw'].iloc[0]))} MW at "
        f"{money}{number(float(price['lmp'].iloc[0]))}/MWh."
    )


def _named(row: Row) -> str:
    texts = {
        "energy": "Energy",
        "min_generation": "Minimum generation",
        "no_load": "No-load",
        "startup": "Start-up",
        "shutdown": "Shut-down",
        "charge": "Charging",
        "discharge": "Discharging",
    }
    kind, name = kind_of(row["component"]), subject_of(row["component"])
    if kind == RESERVE:
        return f"Reserve {name}"
    return f"Parameter {name}" if kind == PARAMETER else texts.get(kind, kind)
