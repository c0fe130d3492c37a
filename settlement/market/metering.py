"""Metered energy: what was really produced and taken, and charges for uninstructed deviation.

A reading replaces the schedule that it is for: metered less scheduled MWh are settled at the price
of the last market (real time where there is one). What readings do not explain, the energy that
nobody metered, is a line of the operator. Units that leave their schedule by more than the
rulebook's tolerance pay for it.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd

from cases.errors import Failure, InputError
from cases.files.convert import nearest
from cases.market_time import hours_of
from cases.run import Run
from settlement.ledger.frames import Problems, records
from settlement.ledger.ledger import Ledger
from settlement.ledger.money import exact
from settlement.market.positions import NO_OWNER

__all__ = ["check_readings", "latest_readings", "settle_metered"]

_FILE = "meter_readings"


def check_readings(readings: pd.DataFrame, run: Run) -> list[Failure]:
    """Readings of something that does not exist, or of both a unit and a load.

    Readings outside the run's intervals belong to other days and are left alone, but a stamp inside
    the run that starts none of its intervals is an error.
    """
    found = Problems(_FILE)
    starts = pd.DatetimeIndex(run.prices["interval_start"].unique()).sort_values()
    ends = run.prices["interval_end"].max()
    known = {"unit": set(run.case.units["unit"]), "load": set(run.case.loads["load"])}
    for position, row in enumerate(records(readings)):
        if bool(row["unit"]) == bool(row["load"]):
            found.add(position, "unit", "either_or", "give either a unit or a load")
            continue
        kind = "unit" if row["unit"] else "load"
        if row[kind] not in known[kind]:
            hint = nearest(row[kind], known[kind])
            found.add(position, kind, f"unknown_{kind}", f"there is no {kind} {row[kind]!r}{hint}")
        at = row["interval_start"]
        if starts[0] <= at < ends and at not in starts:
            message = f"no interval of the settled run starts at {at.isoformat()}"
            found.add(position, "interval_start", "interval", message)
    return found.failures


def latest_readings(readings: pd.DataFrame) -> pd.DataFrame:
    """The reading of the highest version for every unit or load and interval."""
    key = ["unit", "load", "interval_start"]
    return readings.sort_values("version", kind="stable").drop_duplicates(key, keep="last")


def settle_metered(
    ledger: Ledger,
    readings: pd.DataFrame,
    positions: pd.DataFrame,
    run: Run,
    loads: dict[str, float],
) -> None:
    """Lines of metered energy against the schedule, and charges for deviations of units.

    Parameters
    ----------
    ledger
        Where the lines go.
    readings
        Table `meter_readings`, checked; MWh produced by units, taken by loads.
    positions
        What is settled so far: positions of the last market (`positions`).
    run
        The last market: its prices settle the deviation.
    loads
        MWh that each owner's loads take: who gets the charges under `load_ratio`.

    Raises
    ------
    InputError
        With every reading that cannot be used.
    """
    failures = check_readings(readings, run)
    if failures:
        raise InputError(failures)
    table = _deviations(latest_readings(readings), positions, run)
    if table.empty:
        return
    own = Ledger.like(ledger)
    own.priced(table, "metered_energy", "metered less scheduled MWh x LMP")
    for (at,), total in sorted(own.sums("interval_start").items()):
        if total:
            rule = "metered energy that nobody else accounts for"
            own.add(own.operator, "unaccounted", at, "unaccounted_energy", Decimal(1), -total,
                    -total, rule)  # fmt: skip
    ledger.take(own)
    _charges(ledger, table, loads)


def _deviations(readings: pd.DataFrame, positions: pd.DataFrame, run: Run) -> pd.DataFrame:
    """Metered less scheduled injection: owner, subject, unit, interval_start, quantity, price."""
    spans = run.prices.drop_duplicates("interval_start").set_index("interval_start", drop=False)
    inside = readings[readings["interval_start"].isin(spans.index)]
    is_unit = (inside["unit"] != "").to_numpy()
    subject = inside["unit"].where(is_unit, inside["load"])
    units, loads = run.case.units.set_index("unit"), run.case.loads.set_index("load")
    table = pd.DataFrame(
        {
            "kind": np.where(is_unit, "generation", "load"),
            "subject": subject,
            "interval_start": inside["interval_start"],
            "metered": np.where(is_unit, inside["mwh"], -inside["mwh"]),
        }
    )
    for name in ("owner", "bus"):
        values = subject.map(units[name]).where(is_unit, subject.map(loads[name]))
        table[name] = values.astype("str")
    table["owner"] = table["owner"].where(table["owner"] != "", NO_OWNER)
    key = ["kind", "subject", "interval_start"]
    scheduled = positions[key].assign(scheduled=positions["mw"] * positions["hours"])
    table = table.merge(scheduled.groupby(key, as_index=False).sum(), on=key, how="left")
    table["scheduled"] = table["scheduled"].fillna(0.0)
    table["quantity"] = table["metered"] - table["scheduled"]
    table["quantity"] = table["quantity"].where(table["quantity"].abs() > 1e-9, 0.0)
    table["hours"] = table["interval_start"].map(hours_of(spans))
    prices = run.prices[["interval_start", "bus", "lmp"]].rename(columns={"lmp": "price"})
    return table.merge(prices, on=["interval_start", "bus"], how="left")


def _charges(ledger: Ledger, table: pd.DataFrame, loads: dict[str, float]) -> None:
    """Charge units for what they deviate beyond the tolerance of the rulebook."""
    rules = ledger.rules.metering
    units = table[table["kind"] == "generation"]
    allowed = np.maximum(
        rules.tolerance_percent / 100 * units["scheduled"].abs(),
        rules.tolerance_mw * units["hours"],
    )
    beyond = (units["quantity"].abs() - allowed).clip(lower=0.0)
    rate = rules.charge_price + rules.charge_share * units["price"].abs()
    rule = "MWh beyond the tolerance x charge for uninstructed deviation"
    own = Ledger.like(ledger)
    for row, mwh, price in zip(records(units), beyond, rate, strict=True):
        quantity, shown = own.quantity(float(mwh)), own.price(float(price))
        if quantity and shown:
            own.add(row["owner"], row["subject"], row["interval_start"], "metered_charge",
                    -quantity, shown, -own.money(exact(quantity) * shown), rule)  # fmt: skip
    total = -own.total()
    if not total:
        return
    at = min(at for (at,) in own.sums("interval_start"))
    receivers = loads if rules.to == "load_ratio" else {}
    if any(mwh > 0 for mwh in receivers.values()):
        own.share(total, receivers, "deviation", at, "metered_credit",
                  "charges for uninstructed deviation by load ratio")  # fmt: skip
    else:
        own.add(own.operator, "deviation", at, "metered_credit", Decimal(1), total, total,
                "charges for uninstructed deviation, kept by the operator")  # fmt: skip
    ledger.take(own)
