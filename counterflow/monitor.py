"""The monitor's screens, money recovered after the fact, and a monthly auction of spreads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from cases import Case, InputError, RuleBook, Run
from cases.files.folders import new_folder
from cases.files.sheets import write_sheet
from cases.published_run import PUBLISHED
from counterflow.capped import clear
from counterflow.mitigation import mitigate, mitigation_rules
from mitigation.after_the_fact import (
    claw_back,
    claw_back_screens,
    congestion_payments,
    profit_forfeit,
    recomputed_guarantees,
    scaled_to_limit,
    schedules_of,
    unconstrained,
)
from mitigation.conduct import conduct_of_run
from mitigation.conduct.conduct import failing_components
from mitigation.indices.conduct import conduct_indices
from mitigation.indices.similarity import offer_similarity
from mitigation.keys import KEY
from mitigation.published import known_levels
from mitigation.references import reference_levels
from mitigation.references.curves import for_intervals
from mitigation.references.given_levels import given_levels
from mitigation.report.ferc_screens import annual_screens
from mitigation.structure.owners import owners_of
from mitigation.withholding import screen_withholding, withholding_penalties
from settlement.ledger.frames import records

__all__ = ["Recovered", "Screens", "recover", "screens"]

_AFTER: Final = ("mitigation.after_the_fact", "mitigation.withholding", "mitigation.similarity")
"""Keys that only the corrections afterwards read."""
_NOTHING: Final = 1e-6
PAID: Final = ("energy", "no_load", "startup", "shutdown")


class _Tables:
    """Frames by name, written as a folder of CSV files."""

    def tables(self) -> dict[str, pd.DataFrame]:
        """Give every table by its name."""
        return {
            each.name: getattr(self, each.name)
            for each in fields(self)  # type: ignore[arg-type]
            if isinstance(getattr(self, each.name), pd.DataFrame)
        }

    def write(self, folder: str | Path) -> None:
        """Write one CSV file per table into a new folder, whole or not at all.

        Raises
        ------
        InputError
            The folder exists or cannot be written.
        """
        with new_folder(Path(folder)) as part:
            for name, table in self.tables().items():
                write_sheet(table, part / f"{name}.csv")


@dataclass(frozen=True, eq=False)
class Screens(_Tables):
    """Screens of a run, each a table.

    Attributes
    ----------
    withholding
        :func:`mitigation.withholding.screen_withholding`: MW held back by unit and interval.
    output_gap
        unit, owner, threshold_percent, mwh (that pay at reference and were priced out), most_mw.
    similarity
        :func:`mitigation.indices.similarity.offer_similarity`: pairs of owners, most alike first.
    market_share, pivotal_supplier
        FERC's annual screens over the days of the run.
    notes
        What could not be screened, and why.
    """

    withholding: pd.DataFrame
    output_gap: pd.DataFrame
    similarity: pd.DataFrame
    market_share: pd.DataFrame
    pivotal_supplier: pd.DataFrame
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Recovered(_Tables):
    """Money corrected after the fact; prices and schedules stay what they were.

    Attributes
    ----------
    claw_back
        :func:`mitigation.after_the_fact.claw_back`: congestion payments and what is taken of them.
    guarantees
        :func:`mitigation.after_the_fact.recomputed_guarantees` of what failed its conduct test.
    forfeits
        :func:`mitigation.after_the_fact.profit_forfeit` against the day after mitigation.
    penalties
        :func:`mitigation.withholding.withholding_penalties`.
    second_level
        :func:`mitigation.after_the_fact.scaled_to_limit` of the prices by bus, where
        ``second_level_limit`` is given; else no rows.
    notes
        What was not worked out, and why.
    """

    claw_back: pd.DataFrame
    guarantees: pd.DataFrame
    forfeits: pd.DataFrame
    penalties: pd.DataFrame
    second_level: pd.DataFrame
    notes: tuple[str, ...] = ()

    def totals(self) -> pd.DataFrame:
        """Money of each kind: item, rows, amount (exact)."""
        rows = [
            (name, len(table), sum(table[column], Decimal(0)))
            for name, table, column in (
                ("claw_back", self.claw_back, "claw_back"),
                ("guarantees", self.guarantees, "taken_back"),
                ("forfeits", self.forfeits, "forfeit"),
                ("forfeit_penalties", self.forfeits, "penalty"),
                ("withholding_penalties", self.penalties, "amount"),
            )
        ]
        return pd.DataFrame(rows, columns=["item", "rows", "amount"])


def screens(
    run: Run,
    *,
    rulebook: str | Path | RuleBook | None = None,
    as_of: dt.date | str | None = None,
    settings: Mapping[str, Any] | None = None,
    earlier: Sequence[Run] = (),
    references: pd.DataFrame | None = None,
    metered: pd.DataFrame | None = None,
    excused: pd.DataFrame | None = None,
) -> Screens:
    """Screen a run for withholding, output gap, alike offers, and by FERC's annual screens.

    Parameters
    ----------
    run
        A cleared run.
    rulebook, as_of, settings, earlier, references
        As of :func:`counterflow.mitigate`; ``earlier`` runs count in the annual screens too.
    metered
        interval_start, unit, mw: what was produced; without it nobody is screened for following.
    excused
        unit, interval_start (blank = every interval), mw: approved outages and deratings.

    Raises
    ------
    InputError
        Units without owner; missing references; names that the case does not have.
    """
    rules = mitigation_rules(run, rulebook, settings or {}, as_of)
    book = rules.mitigation
    owners = owners_of(run)
    levels = _levels(run, rules, earlier, references)
    notes: list[str] = []
    offers, known = run.offers_used, _energy_blocks(run, levels)
    held = screen_withholding(
        run,
        levels,
        owners,
        rules=book.withholding,
        actual=_of_case(metered, run.case, "metered"),
        excused=_of_case(excused, run.case, "excused"),
    )
    owner_of = run.case.units.set_index("unit")["owner"]
    group = owners.shares.sort_values(["share", "owner"], ascending=[False, True])
    group_of = group.drop_duplicates("unit").set_index("unit")["owner"]
    cap = rules.offers.cap if np.isfinite(rules.offers.cap) else float(offers["price"].max())
    if not np.isfinite(rules.offers.cap):
        notes.append(f"the rulebook has no offer cap: similarity is relative to {cap:g}, the most")
    capacity = run.case.units.set_index("unit")["p_max"].astype(float)
    alike = book.similarity
    similar = (
        offer_similarity(
            offers,
            capacity,
            group_of.reindex(owner_of.index).fillna(owner_of),
            step_percent=alike.step_percent,
            offer_cap=cap,
            smallest=alike.smallest,
        )
        if cap > 0
        else pd.DataFrame()
    )
    share, pivotal = annual_screens(
        [(each, owners_of(each)) for each in (*earlier, run)], book.structure.ferc
    )
    gaps = conduct_indices(run, book.structure, known) if len(known) else None
    if gaps is None:
        notes.append("no unit has an energy reference: there is no output gap")
    return Screens(held, _gap_table(run, gaps, owner_of), similar, share, pivotal, tuple(notes))


def recover(
    run: Run,
    *,
    metered: pd.DataFrame | None = None,
    rulebook: str | Path | RuleBook | None = None,
    as_of: dt.date | str | None = None,
    settings: Mapping[str, Any] | None = None,
    earlier: Sequence[Run] = (),
    references: pd.DataFrame | None = None,
    findings: Mapping[str, int] | None = None,
) -> Recovered:
    """Work out what is recovered after the fact: prices and schedules stay.

    The unconstrained schedule of congestion payments is made by clearing the case again without
    limits of the grid; forfeits compare with the day after mitigation by the same rules; a
    penalty for withholding uses the price with the MW that were held back offered at reference.

    Parameters
    ----------
    run
        A cleared run, with offers as submitted.
    metered
        interval_start, unit, mw: what was produced; by default the dispatch was followed.
    rulebook, as_of, settings, earlier, references
        As of :func:`counterflow.mitigate`.
    findings
        Owner to earlier findings against it, for the multiplier of penalties.

    Raises
    ------
    InputError
        As :func:`counterflow.mitigate`; metered units that the case does not have.
    """
    rules = mitigation_rules(run, rulebook, settings or {}, as_of)
    book = rules.mitigation
    levels = _levels(run, rules, earlier, references)
    actual = _of_case(metered, run.case, "metered")
    notes: list[str] = []
    committed = bool(run.settings.get("commitment"))
    market = clear(
        unconstrained(run.case), rulebook=run.rulebook, commitment=committed, security="none"
    )
    energy = levels[levels["component"] == "energy"]
    paid = congestion_payments(
        schedules_of(run, market, actual),
        run.offers_used,
        energy,
        smallest_unit=Decimal(str(rules.settlement.smallest_unit)),
    )
    owners = owners_of(run)
    after = book.after_the_fact
    held = claw_back_screens(run, paid, energy, owners, after.claw_back)
    clawed = claw_back(paid, held)
    if after.claw_back.fewest_competitors == 0:
        notes.append(
            "nothing is clawed back: mitigation.after_the_fact.claw_back.fewest_competitors is 0"
        )
    tests = conduct_of_run(run, levels, book, earlier=earlier).tests
    failing = failing_components(tests, run.case)
    counted = failing[failing["component"].isin(PAID)]
    guarantees = recomputed_guarantees(run, levels, counted[KEY])
    own = {key: value for key, value in (settings or {}).items() if not key.startswith(_AFTER)}
    made = mitigate(
        run,
        rulebook=rulebook,
        as_of=as_of,
        settings=own,
        references=references,
        earlier=earlier,
        accept_limit=True,
    )
    found = made.decisions[made.decisions["action"] == "mitigated"]
    forfeits = profit_forfeit(run, made, levels, found["owner"].unique(), after.forfeit)
    if after.forfeit.share == 0 and after.forfeit.penalty == 0:
        notes.append("nothing is forfeited: mitigation.after_the_fact.forfeit gives no share")
    screened = screen_withholding(run, levels, owners, rules=book.withholding, actual=actual)
    penalties = withholding_penalties(
        screened,
        _price_increase(run, screened, levels),
        book.withholding.penalty,
        earlier=findings,
        smallest_unit=Decimal(str(rules.settlement.smallest_unit)),
    )
    prices = run.prices[["interval_start", "bus", "lmp"]].rename(columns={"lmp": "price"})
    limit = after.second_level_limit
    scaled = scaled_to_limit(prices if np.isfinite(limit) else prices.head(0), limit)
    return Recovered(clawed, guarantees, forfeits, penalties, scaled, tuple(notes))


def _levels(
    run: Run, rules: RuleBook, earlier: Sequence[Run], references: pd.DataFrame | None
) -> pd.DataFrame:
    if references is not None:
        return given_levels(references, run.case)
    if run.stated.get("status") == PUBLISHED:
        return known_levels(run, rules, earlier)
    return reference_levels(run, rules=rules.mitigation.reference, earlier=earlier)


def _energy_blocks(run: Run, levels: pd.DataFrame) -> pd.DataFrame:
    """Reference blocks of energy of every interval: unit, interval_start, segment, mw, price."""
    own = levels[(levels["component"] == "energy") & levels["price"].notna()]
    cells = run.dispatch[["interval_start", "unit"]]
    cells = cells[cells["unit"].isin(own["unit"])]
    return for_intervals(own[["unit", "interval_start", "segment", "mw", "price"]], cells)


def _gap_table(run: Run, gaps: pd.DataFrame | None, owner_of: pd.Series) -> pd.DataFrame:
    columns = ["unit", "owner", "threshold_percent", "mwh", "most_mw"]
    if gaps is None:
        return pd.DataFrame(columns=columns)
    rows = gaps[gaps["index"].str.startswith("output_gap.") & gaps["value"].notna()]
    rows = rows.assign(threshold_percent=rows["index"].str.partition(".")[2].astype(float))
    table = (
        rows.groupby(["subject", "threshold_percent"])["value"]
        .agg(mwh="sum", most_mw="max")
        .reset_index()
    )
    table = table.rename(columns={"subject": "unit"})
    table["mwh"] *= run.case.interval_hours
    table = table[table["most_mw"] > 0].assign(owner=table["unit"].map(owner_of))
    order = ["mwh", "unit", "threshold_percent"]
    return table.sort_values(order, ascending=[False, True, True], ignore_index=True)[columns]


def _of_case(frame: pd.DataFrame | None, case: Case, name: str) -> pd.DataFrame | None:
    """Rows of units and intervals of the case, stamps in its time zone.

    Raises
    ------
    InputError
        Missing columns; units that the case does not have.
    """
    if frame is None:
        return None
    missing = [c for c in ("unit", "interval_start", "mw") if c not in frame]
    if missing:
        message = f"expected the columns unit, interval_start, mw; missing: {', '.join(missing)}"
        raise InputError.one(name, 1, missing[0], "missing_column", message)
    known = set(case.units["unit"])
    for place, unit in enumerate(frame["unit"].astype(str)):
        if unit not in known:
            message = f"there is no unit {unit}"
            raise InputError.one(name, place + 2, "unit", "unknown_unit", message)
    stamps = pd.to_datetime(frame["interval_start"], utc=True).dt.tz_convert(case.meta.timezone)
    stamps = stamps.astype(case.interval_starts.dtype)
    rows = frame.assign(unit=frame["unit"].astype("str"), interval_start=stamps)
    return rows.astype({"mw": float})


def _price_increase(run: Run, screened: pd.DataFrame, levels: pd.DataFrame) -> pd.DataFrame:
    """By how much holding MW back raised the price at the unit's bus: interval_start, unit.

    The day is cleared again with the MW of failed screens on offer, at the last reference price.
    """
    failed = screened[(screened["result"] == "fail") & (screened["economic_mw"] > 0)]
    columns = ["interval_start", "unit", "increase"]
    if failed.empty:
        blank = failed[["interval_start", "unit"]].head(0)
        return blank.assign(increase=pd.Series(dtype=float))[columns]
    other = clear(
        _with_held_back(run, failed, levels),
        rulebook=run.rulebook,
        commitment=bool(run.settings.get("commitment")),
        security=run.settings["security"],
    )
    place = ["interval_start", "bus"]
    both = run.prices[[*place, "lmp"]].merge(
        other.prices[[*place, "lmp"]], on=place, suffixes=("", "_offered")
    )
    bus = run.case.units[["unit", "bus"]]
    cells = failed[["interval_start", "unit"]].drop_duplicates().merge(bus, on="unit")
    rows = cells.merge(both, on=place, how="left")
    return rows.assign(increase=rows["lmp"] - rows["lmp_offered"])[columns]


def _with_held_back(run: Run, failed: pd.DataFrame, levels: pd.DataFrame) -> Case:
    """The case with what was held back available and on offer at its reference."""
    case = run.case
    most = failed.sort_values("reference_mw").drop_duplicates(
        ["interval_start", "unit"], keep="last"
    )
    availability = case.availability.copy()
    energy = levels[(levels["component"] == "energy") & levels["price"].notna()]
    dearest = dict(energy.groupby("unit")["price"].max())
    used = run.offers_used[["unit", "interval_start", "segment", "mw", "price"]]
    kept, parts = case.offers, []
    for row in records(most):
        unit, stamp, full = str(row["unit"]), row["interval_start"], float(row["reference_mw"])
        if unit in availability:
            at = availability["interval_start"] == stamp
            availability[unit] = availability[unit].mask(at, full)
        own = used[(used["unit"] == unit) & (used["interval_start"] == stamp)]
        more = full - float(own["mw"].sum())
        if more <= _NOTHING or unit not in dearest:
            continue
        price = max([float(dearest[unit]), *own["price"].astype(float)])
        segment = int(own["segment"].max()) + 1 if len(own) else 1
        added = {"unit": unit, "interval_start": stamp, "segment": segment, "mw": more}
        # A stamped row replaces the blank ones of its interval: all of them are written out.
        kept = kept[~(kept["unit"].eq(unit) & kept["interval_start"].eq(stamp))]
        parts.append(pd.concat([own, pd.DataFrame([added | {"price": price}])], ignore_index=True))
    parts.insert(0, kept)
    offers = pd.concat(parts, ignore_index=True)[case.offers.columns.tolist()]
    offers["interval_start"] = offers["interval_start"].astype(case.interval_starts.dtype)
    return case.replace(offers=offers, availability=availability)
