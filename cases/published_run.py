"""A market without a grid as a run: published prices, what cleared, offers as they were.

Nothing is cleared. Where the market publishes cleared MW the dispatch is that; elsewhere it is what
the published price pays for. Tests, indices and monitors' tables take it as any other run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.case import Case
from cases.errors import InputError
from cases.folder import read_case_folder
from cases.rulebook.book import RuleBook
from cases.run import Run

__all__ = ["PUBLISHED", "is_published", "published_run", "read_published_run"]

Floats = NDArray[np.float64]
PUBLISHED: Final = "published"
"""Status of a run that was made from what a market published."""
_SAME_PRICE: Final = 0.005


def is_published(case: Case) -> bool:
    """Whether a case holds published prices and states of units."""
    return bool(len(case.published_prices) and len(case.published_units))


def read_published_run(folder: Path) -> Run | None:
    """The run of a case folder that holds a market without a grid; None where it is none."""
    if not (folder / "case.toml").is_file():
        return None
    case = read_case_folder(folder)
    return published_run(case) if is_published(case) else None


def published_run(case: Case, rulebook: str | Path | RuleBook | None = None) -> Run:
    """Make the run of a market without a grid.

    Parameters
    ----------
    case
        With the tables published_prices and published_units.
    rulebook
        By name, file or itself; None is the default.

    Returns
    -------
    Run
        Of status "published", without objective, model and constraints. A part of the price that
        was not published stands in `mec`; `warnings` says so.

    Raises
    ------
    InputError
        The case has no published prices or units.
    """
    if not is_published(case):
        message = "the case holds no published prices: it was not imported from a market's files"
        raise InputError.one("published_prices", None, None, "published", message)
    book = RuleBook.load(rulebook) if rulebook is not None else RuleBook.load()
    prices, split = _prices(case)
    blocks = accepted_blocks(case)
    dispatch = _dispatch(case, blocks)
    tables = {
        "prices": prices,
        "dispatch": dispatch,
        "load_awards": _load_awards(case),
        "marginal_units": _marginal(blocks),
        "offers_used": case.offers.assign(source="submitted"),
    }
    cleared = bool(case.published_units["cleared_mw"].notna().any())
    notes = [str(note) for note in case.meta.imported.get("notes", [])]
    if not split:
        notes.append("components of prices were not published: the whole price stands in mec")
    basis = "cleared MW" if cleared else "MW that the published price pays for"
    stated = {
        "name": case.meta.name,
        "status": PUBLISHED,
        "objective": None,
        "gap": None,
        "settings": {
            "commitment": False,
            "security": "none",
            "pricing": PUBLISHED,
            "reference": case.meta.reference,
            "set": {},
        },
        "warnings": [*(str(warning) for warning in case.warnings), *notes],
    }
    events = [{"pass": PUBLISHED, "dispatch": basis, "notes": notes}]
    return Run(stated, tables, case, book, events)


def _ends(case: Case, starts: pd.Series) -> pd.Series:
    step = pd.Timedelta(minutes=case.meta.interval_minutes)
    return starts + step


def _prices(case: Case) -> tuple[pd.DataFrame, bool]:
    """Prices of every bus and hour, NaN where none was published; and whether they were split."""
    rows = case.published_prices.rename(columns={"node": "bus", "price": "lmp"})
    parts = ["mec", "mcc", "mlc"]
    known = rows[parts].notna().all(axis=1)
    split = bool(known.any())
    rows["mec"] = (rows["lmp"] - rows["mcc"] - rows["mlc"]).where(known, rows["lmp"])
    for part in parts[1:]:
        rows[part] = rows[part].where(known, 0.0)
    grid = pd.MultiIndex.from_product(
        [case.interval_starts, case.buses["bus"]], names=["interval_start", "bus"]
    )
    columns = ["lmp", *parts]
    full = rows.set_index(["interval_start", "bus"])[columns].reindex(grid).reset_index()
    full["zone"] = full["bus"].map(case.buses.set_index("bus")["zone"])
    full["interval_end"] = _ends(case, full["interval_start"])
    return full.assign(unique=True), split


def accepted_blocks(case: Case) -> pd.DataFrame:
    """Blocks of a market without a grid and how much of each was accepted.

    Returns unit, interval_start, segment, mw, price, lower_mw, bus, lmp, accepted_mw, ordered by
    interval, unit and segment. Up to the cleared MW where it was published; else every MW that the
    price at the unit's bus pays for, within what it must sell and what it can reach.
    """
    keys = ["interval_start", "unit"]
    blocks = case.offers.sort_values([*keys, "segment"], ignore_index=True)
    blocks["lower_mw"] = blocks.groupby(keys, sort=False)["mw"].cumsum() - blocks["mw"]
    blocks = blocks.merge(case.units[["unit", "bus"]], on="unit", how="left", sort=False)
    prices = case.published_prices.rename(columns={"node": "bus", "price": "lmp"})
    blocks = blocks.merge(
        prices[["interval_start", "bus", "lmp"]], on=["interval_start", "bus"], how="left"
    )
    states = case.published_units
    blocks = blocks.merge(
        states[[*keys, "p_max", "must_take_mw", "cleared_mw"]], on=keys, how="left", sort=False
    )
    low, mw = blocks["lower_mw"], blocks["mw"]
    must = (blocks["must_take_mw"].fillna(0.0) - low).clip(lower=0.0)
    paid = mw.where(blocks["price"] <= blocks["lmp"] + 1e-9, must.where(must <= mw, mw))
    top = blocks["p_max"].fillna(np.inf)
    room = (top - low).clip(lower=0.0)
    paid = paid.where(paid <= room, room)
    cleared = (blocks["cleared_mw"] - low).clip(lower=0.0)
    cleared = cleared.where(cleared <= mw, mw)
    accepted = cleared.where(blocks["cleared_mw"].notna(), paid)
    columns = [*keys, "segment", "mw", "price", "lower_mw", "bus", "lmp"]
    return blocks[columns].assign(accepted_mw=accepted)


def _dispatch(case: Case, blocks: pd.DataFrame) -> pd.DataFrame:
    """What every unit produced: its cleared MW, or the accepted MW of its blocks."""
    starts, units = case.interval_starts, case.units
    keys = ["interval_start", "unit"]
    cost = (blocks["accepted_mw"] * blocks["price"]).groupby([blocks[k] for k in keys]).sum()
    made = blocks.groupby(keys)["accepted_mw"].sum()
    grid = pd.MultiIndex.from_product([starts, units["unit"]], names=keys)
    frame = pd.DataFrame(index=grid)
    stated = case.published_units.set_index(keys)["cleared_mw"].reindex(grid)
    frame["mw"] = stated.fillna(made.reindex(grid).fillna(0.0)).clip(lower=0.0)
    frame["cost"] = cost.reindex(grid).fillna(0.0)
    reach = case.availability.set_index("interval_start")
    block = reach.reindex(columns=units["unit"]).to_numpy(dtype=np.float64)
    limit = np.broadcast_to(units["p_max"].to_numpy(dtype=np.float64), block.shape)
    frame["available_mw"] = np.maximum(
        np.where(np.isnan(block), limit, block).ravel(), frame["mw"].to_numpy()
    )
    frame = frame.reset_index()
    on = (frame["mw"] > 1e-9).to_numpy().reshape(len(starts), len(units))
    before = np.vstack([on[:1], on[:-1]])
    fixed = _fixed_costs(case)
    start = (on & ~before).ravel()
    frame["cost"] += np.where(on, fixed["no_load"], 0.0).ravel() * case.interval_hours
    frame["cost"] += np.where(start.reshape(on.shape), fixed["startup"], 0.0).ravel()
    named = units.set_index("unit")
    return frame.assign(
        owner=frame["unit"].map(named["owner"]),
        bus=frame["unit"].map(named["bus"]),
        interval_end=_ends(case, frame["interval_start"]),
        on=on.ravel(),
        start=start,
        stop=(before & ~on).ravel(),
    )


def _fixed_costs(case: Case) -> dict[str, Floats]:
    """No-load and start-up cost by unit, 0 where there is none."""
    offers = case.commitment_offers
    found = {}
    for component in ("no_load", "startup"):
        rows = offers[offers["component"] == component]
        price = rows.groupby("unit")["price"].max().reindex(case.units["unit"]).fillna(0.0)
        found[component] = price.to_numpy(dtype=np.float64)
    return found


def _load_awards(case: Case) -> pd.DataFrame:
    wide = case.demand.set_index("interval_start")
    long = wide.melt(ignore_index=False, var_name="load", value_name="mw").reset_index()
    named = case.loads.set_index("load")
    return long.assign(
        interval_end=_ends(case, long["interval_start"]),
        owner=long["load"].map(named["owner"]),
        bus=long["load"].map(named["bus"]),
        bid_mw=0.0,
    )


def _marginal(blocks: pd.DataFrame) -> pd.DataFrame:
    """Units with a block that was accepted in part, or whose accepted block has the price."""
    part = (blocks["accepted_mw"] > 1e-6) & (blocks["accepted_mw"] < blocks["mw"] - 1e-6)
    same = (blocks["accepted_mw"] > 1e-6) & ((blocks["price"] - blocks["lmp"]).abs() <= _SAME_PRICE)
    rows = blocks[part | same].drop_duplicates(["interval_start", "unit"], keep="last")
    return rows[["interval_start", "unit", "price"]].assign(kind="unit")
