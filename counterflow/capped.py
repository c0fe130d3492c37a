"""Clearing by a rulebook with a soft cap: above it offers count up to their verified cost only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import clearing
from cases import Case, Failure, RuleBook, Run
from clearing.day.extension import Extend
from clearing.session.loop import Progress
from clearing.session.session import Security
from mitigation.conduct import verified_offers
from mitigation.references import reference_levels

__all__ = ["clear", "verified"]


def clear(
    case: Case,
    *,
    rulebook: str | Path | RuleBook | None = None,
    as_of: dt.date | str | None = None,
    commitment: bool = True,
    commitment_from: Run | None = None,
    security: Security | None = None,
    gap: float | None = None,
    time_limit: float | None = None,
    settings: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    extend: Extend | None = None,
) -> Run:
    """Clear a market day and give its run, by the caps of its rulebook.

    An energy offer above ``offers.soft_cap`` counts up to its verified cost only, never above
    ``offers.cap``; the run's case holds the offers that count, its events what was changed, and a
    warning names each unit. All else is :func:`clearing.clear`, as are parameters and errors.
    """
    events: list[dict[str, Any]] = []
    if isinstance(case, Case):
        given = rulebook
        if given is None and commitment_from is not None:
            given = commitment_from.rulebook
        book = RuleBook.load("default" if given is None else given, as_of=as_of)
        case, events = verified(case, book.with_settings(dict(settings or {})))
    run = clearing.clear(
        case,
        rulebook=rulebook,
        as_of=as_of,
        commitment=commitment,
        commitment_from=commitment_from,
        security=security,
        gap=gap,
        time_limit=time_limit,
        settings=settings,
        progress=progress,
        extend=extend,
    )
    run.events[:0] = events
    return run


def verified(case: Case, book: RuleBook) -> tuple[Case, list[dict[str, Any]]]:
    """Give the case with the energy offers that count, and an event for each that was changed.

    A cost is verified by ``costs`` and ``negotiated_references`` of the case alone; a unit without
    them counts at the soft cap.
    """
    rules = book.offers
    if not (case.tables["offers"]["price"] > rules.soft_cap).any():
        return case, []
    costs = book.mitigation.reference.model_copy(
        update={
            "method": "auto",
            "order": ("negotiated", "cost"),
            "choice": "profile",
            "comparable": False,
            "required": (),
        }
    )
    counted, changes = verified_offers(case, reference_levels(case, rules=costs), rules)
    used = changes.astype({"interval_start": "str"})
    events = [
        {"event": "offer_cap", **{str(name): value for name, value in row.items()}}
        for row in used.to_dict("records")
    ]
    lines = {unit: row for row, unit in enumerate(case.tables["offers"]["unit"], start=2)}
    told = tuple(
        Failure(
            "offers",
            lines[str(unit)],
            "price",
            "soft_cap",
            f"{unit} offers up to {rows['offered'].max():g}, above the soft cap of "
            f"{rules.soft_cap:g}: counted at {rows['used'].max():g} at most, "
            + ("its verified cost" if rows["reference"].notna().all() else "no cost is known"),
        )
        for unit, rows in changes.groupby("unit", sort=True)
    )
    return replace(counted, warnings=(*case.warnings, *told)), events
