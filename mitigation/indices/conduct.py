"""Indices that compare offers with references: Lerner, markups, markup in prices, output gap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from cases.place_prices import place_weights
from cases.points import Points
from cases.rulebook.structure import StructureRules
from cases.run import Run
from mitigation.conduct.thresholds import margin_above
from mitigation.indices.markup import (
    lerner,
    markup_component,
    markup_index,
    participation_factors,
)
from mitigation.indices.output_gap import economic_starts, output_gap
from mitigation.keys import CELL, TERM
from mitigation.structure.binding import islands
from mitigation.structure.tables import sum_by

#: Relative difference of offer and LMP within which they are the same price.
PRICE_TOLERANCE: Final = 1e-5


def conduct_indices(run: Run, rules: StructureRules, reference: pd.DataFrame) -> pd.DataFrame:
    """Measure conduct by unit, and its effect on prices.

    ``lerner``: LMP against the reference at the unit's output; ``markup`` and ``adjusted_markup``
    of marginal units: offer against reference, the latter without the cost adder;
    ``markup_component``: markup in the LMP of the market and each zone, weighted by load;
    ``output_gap.100`` and so on: MW at the given percent of the conduct threshold.

    ``reference`` has unit, interval_start, segment, mw, price. Returns interval_start,
    interval_end, index, scope, subject, zone, value, reason.
    """
    state = _state(run, reference)
    parts = [
        _lerner(state),
        *_markups(run, state, rules),
        markup_in_prices(run, state),
        _gaps(run, rules, reference, state),
    ]
    return pd.concat(parts, ignore_index=True)


def price_at(blocks: pd.DataFrame, output: pd.DataFrame) -> pd.DataFrame:
    """Price of the block in which an output lies: interval_start, unit, mw, price.

    An output at the end of a block belongs to that block; one beyond the last block to the last.
    """
    ordered = blocks.sort_values([*CELL, "segment"], ignore_index=True)
    upper = ordered.groupby(CELL, sort=False)["mw"].cumsum()
    joined = output[[*CELL, "mw"]].merge(
        ordered[[*CELL, "price"]].assign(upper=upper), on=CELL, sort=False
    )
    reached = joined["mw"] <= joined["upper"] + 1e-9
    first = joined[reached].drop_duplicates(CELL)
    last = joined.drop_duplicates(CELL, keep="last")
    return pd.concat([first, last]).drop_duplicates(CELL)[[*CELL, "mw", "price"]]


def _state(run: Run, reference: pd.DataFrame) -> pd.DataFrame:
    """Dispatch with LMP, reference and offer at the output: one row per unit and interval."""
    state = run.dispatch.merge(
        run.prices[["interval_start", "bus", "zone", "lmp"]],
        on=["interval_start", "bus"],
        sort=False,
    )
    for name, blocks in (("reference", reference), ("offer", run.offers_used)):
        at_output = price_at(blocks, run.dispatch).rename(columns={"price": name})
        state = state.merge(at_output[[*CELL, name]], on=CELL, how="left", sort=False)
    return state


def _rows(state: pd.DataFrame, index: str, value: np.ndarray, reason: str) -> pd.DataFrame:
    frame = state[["interval_start", "interval_end", "zone"]].assign(
        index=index, scope="unit", subject=state["unit"], value=value
    )
    return frame.assign(reason=frame["value"].isna().map({True: reason, False: ""}))


def _lerner(state: pd.DataFrame) -> pd.DataFrame:
    running = state[state["mw"] > 0]
    value = lerner(running["lmp"].to_numpy(float), running["reference"].to_numpy(float))
    return _rows(running, "lerner", value, "the price is not above zero, or there is no reference")


def _markups(run: Run, state: pd.DataFrame, rules: StructureRules) -> list[pd.DataFrame]:
    marginal = run.marginal_units[run.marginal_units["kind"] == "unit"]
    priced = state.merge(marginal[[*CELL, "price"]], on=CELL, sort=False)
    offer, cost = priced["price"].to_numpy(float), priced["reference"].to_numpy(float)
    why = "there is no reference, or none above zero"
    adder = rules.measures.cost_adder
    return [
        _rows(priced, "markup", markup_index(offer, cost), why),
        _rows(priced, "adjusted_markup", markup_index(offer, cost, cost_adder=adder), why),
    ]


def markup_in_prices(run: Run, state: pd.DataFrame) -> pd.DataFrame:
    """Markup component of the load-weighted LMP of the market and each zone.

    From unit participation factors, interval by interval; NaN with a reason where the marginal
    units do not determine the prices.
    """
    reference = state.set_index(CELL)["reference"]
    result = []
    for buses, here, parts in participation_by_interval(run):
        start = buses["interval_start"].iloc[0]
        markup = (
            here.set_index("unit")["price"]
            - reference.reindex(pd.MultiIndex.from_product([[start], here["unit"]])).to_numpy()
        )
        markup = markup.where(here.set_index("unit")["kind"] == "unit", 0.0)
        component = pd.Series(np.nan, index=buses["bus"])
        for found in parts:
            component.loc[found.index] = markup_component(found, markup)
        result.append(
            buses[["interval_start", "interval_end", "bus", "zone"]].assign(
                component=component.to_numpy()
            )
        )
    return _load_weighted(run, pd.concat(result, ignore_index=True))


def participation_by_interval(
    run: Run,
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame, list[pd.DataFrame]]]:
    """Unit participation factors of each interval.

    Gives the rows of ``prices``, the marginal units (unit, kind, price, bus, lmp) and, for each
    island whose prices they determine, the factors: buses by units.
    """
    island = islands(run)
    placed = _marginal_at_buses(run)
    exceeded = run.constraints.loc[run.constraints["penalty_mw"] > 0, TERM]
    terms = run.price_terms.merge(exceeded, on=TERM, how="left", indicator=True, sort=False)
    terms = terms[terms["_merge"] == "left_only"]
    for start, buses in run.prices.groupby("interval_start"):
        here = placed[placed["interval_start"] == start]
        factors = (
            terms[terms["interval_start"] == start]
            .pivot_table(index="bus", columns=["constraint", "contingency"], values="dfax")
            .reindex(buses["bus"], fill_value=0.0)
            .fillna(0.0)
        )
        parts = []
        for _, members in island.groupby(island):
            inside = factors.index.intersection(members.index)
            local = factors.loc[inside]
            local = local.loc[:, (local != 0).any()]
            found = participation_factors(here[here["bus"].isin(inside)], local, local)
            if len(found):
                parts.append(found)
        yield buses, here, parts


def _marginal_at_buses(run: Run) -> pd.DataFrame:
    """Marginal units that are paid what they ask, with their bus.

    Left out are those that inject at no single bus, and those that a ramp holds back or pushes:
    they lie inside a block, but do not set the price.
    """
    case = run.case
    buses = pd.concat(
        [
            case.units.rename(columns={"unit": "name"})[["name", "bus"]].assign(kind="unit"),
            case.loads.rename(columns={"load": "name"})[["name", "bus"]].assign(kind="bid"),
            case.storage.rename(columns={"storage": "name"})[["name", "bus"]].assign(
                kind="storage"
            ),
            case.virtuals.loc[case.virtuals["kind"] != "utc"]
            .rename(columns={"virtual": "name"})[["name", "bus"]]
            .drop_duplicates()
            .assign(kind="virtual"),
        ]
    )
    placed = run.marginal_units.merge(
        buses.rename(columns={"name": "unit"}), on=["unit", "kind"], how="inner", sort=False
    ).merge(run.prices[["interval_start", "bus", "lmp"]], on=["interval_start", "bus"], sort=False)
    scale = placed["price"].abs().clip(lower=1.0)
    return placed[(placed["price"] - placed["lmp"]).abs() <= PRICE_TOLERANCE * scale]


def _load_weighted(run: Run, component: pd.DataFrame) -> pd.DataFrame:
    points = Points(run.case)
    weights = pd.concat(
        [
            place_weights(run.case, point).assign(zone=point.name)
            for point in (points.market(), *map(points.zone, points.zones))
        ]
    )
    both = component.drop(columns="zone").merge(weights, on=["interval_start", "bus"], sort=False)
    both["weighted"] = both["component"] * both["weight"]
    market = ["interval_start", "interval_end", "zone"]
    rows = sum_by(both, market, ["weighted", "weight"])
    unknown = both[both["weighted"].isna()].set_index(market).index
    rows["weighted"] = rows["weighted"].mask(pd.MultiIndex.from_frame(rows[market]).isin(unknown))
    value = rows["weighted"] / rows["weight"]
    return rows[market].assign(
        index="markup_component",
        scope=np.where(rows["zone"] == "", "market", "zone"),
        subject=rows["zone"],
        value=value,
        reason=value.isna().map(
            {True: "offers at the margin do not make the price, or lack a reference", False: ""}
        ),
    )


def _gaps(
    run: Run, rules: StructureRules, reference: pd.DataFrame, state: pd.DataFrame
) -> pd.DataFrame:
    fractions = rules.measures.output_gap_fractions
    rule = run.rulebook.mitigation.conduct.energy
    threshold = reference[[*CELL, "segment"]].assign(
        threshold=margin_above(reference["price"].to_numpy(float), rule)
    )
    gaps = output_gap(
        reference,
        run.offers_used,
        state.assign(economic_start=_pays(run, reference, state)),
        threshold,
        fractions=fractions,
    )
    placed = gaps.merge(state[[*CELL, "interval_end", "zone"]], on=CELL, sort=False)
    percent = (100 * placed["fraction"]).round().astype(int)
    return placed[["interval_start", "interval_end", "zone"]].assign(
        index="output_gap." + percent.astype("str"),
        measure="output_gap",
        threshold_percent=percent.astype(float),
        scope="unit",
        subject=placed["unit"],
        value=placed["gap_mw"],
        reason="",
    )


def _pays(run: Run, reference: pd.DataFrame, state: pd.DataFrame) -> np.ndarray:
    """Whether running at reference cost pays in each row of ``state``; on line it does."""
    pays = state["on"].to_numpy(dtype=bool).copy()
    hours = run.case.interval_hours
    units = run.case.units.set_index("unit")
    min_up, p_min = units["min_up"].to_dict(), units["p_min"].to_dict()
    offers = run.case.commitment_offers
    fixed = offers.groupby(["unit", "component"])["price"].max()
    blocks = dict(list(reference.sort_values([*CELL, "segment"]).groupby("unit")))
    for name, rows in state.groupby("unit"):
        off = rows.index[~rows["on"]]
        if not len(off) or name not in blocks:
            continue
        first = blocks[name]
        first = first[first["interval_start"] == first["interval_start"].iloc[0]]
        ordered = rows.sort_values("interval_start")
        economic = economic_starts(
            first,
            ordered["lmp"].to_numpy(float),
            hours=hours,
            min_up=min_up[name],
            p_min=p_min[name],
            startup=float(fixed.get((name, "startup"), 0.0)),
            no_load=float(fixed.get((name, "no_load"), 0.0)),
        )
        by_row = pd.Series(economic, index=ordered.index)
        pays[state.index.get_indexer(off)] = by_row.loc[off].to_numpy()
    return pays
