"""All indices of a run in one long table: interval, index, scope, subject, value, reason."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from cases.rulebook.structure import StructureRules
from cases.run import Run
from mitigation.indices.concentration import concentration, hhi, running_class, shares
from mitigation.indices.conduct import conduct_indices
from mitigation.indices.pivotal import joint_counts, pivotal_indices
from mitigation.keys import CELL
from mitigation.structure.owners import Ownership
from mitigation.structure.system_margin import system_demand
from mitigation.structure.tables import sum_by

#: Columns of the long table. ``scope`` is market, zone, owner, zone_owner (an owner within a
#: zone), unit or constraint, ``subject`` who or what, ``zone`` where (blank = the whole market).
COLUMNS: Final = (
    "interval_start",
    "interval_end",
    "index",
    "measure",
    "basis",
    "threshold_percent",
    "scope",
    "subject",
    "zone",
    "constraint",
    "contingency",
    "value",
    "reason",
)
SPAN: Final = ["interval_start", "interval_end"]
MARKET: Final = [*SPAN, "zone"]
BASES: Final = ["capacity", "available", "cleared"]


def measure_indices(
    run: Run,
    owners: Ownership,
    rules: StructureRules,
    *,
    verdicts: pd.DataFrame,
    reference: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Measure every index of a run.

    ``share.B`` and ``hhi.B`` by capacity, available, cleared MW (B), for the market and each zone;
    ``hhi.cleared.base``, ``.intermediate``, ``.peaking`` by segment of the supply curve; ``psi``,
    ``rsi1`` to ``rsi3`` by owner, ``pivotal_owners`` (how many are pivotal alone) and
    ``jointly_pivotal`` (how many of the largest are together, 0 = not even three), each also
    ``.net`` of contracts; ``hhi.relief`` by constraint; and where ``reference`` is given what
    :func:`mitigation.indices.conduct.conduct_indices` measures.

    A zone's supply is that of its units and the net import as cleared; its demand is its load.
    """
    supply = owned_supply(run, owners)
    demand = zone_demand(run, rules)
    parts = [
        *_concentration(supply),
        _by_segment(run, owners, rules),
        *_pivotal(supply, demand, ""),
        _relief_concentration(verdicts),
    ]
    if rules.system.contracts and (owners.contracts["net_contract_mw"] != 0).any():
        market = supply[supply["zone"] == ""]
        net = market.assign(contract_mw=owners.contract_mw(market))
        parts += _pivotal(net, demand[demand["zone"] == ""], ".net")
    if reference is not None:
        parts.append(conduct_indices(run, rules, reference))
    return long_rows(pd.concat(parts, ignore_index=True))


def owned_supply(run: Run, owners: Ownership) -> pd.DataFrame:
    """MW of each owner in the market (zone blank) and each zone: capacity, available, cleared.

    Returns interval_start, interval_end, zone, owner, capacity, available, cleared.
    """
    units = run.case.units.merge(run.case.buses[["bus", "zone"]], on="bus", sort=False)
    frame = run.dispatch[[*SPAN, "unit", "available_mw", "mw"]].merge(
        units[["unit", "zone", "p_max"]], on="unit", sort=False
    )
    values = {"p_max": "capacity", "available_mw": "available", "mw": "cleared"}
    split = owners.split(frame, *values).rename(columns=values)
    everywhere = pd.concat([split.assign(zone=""), split[split["zone"] != ""]])
    return sum_by(everywhere, [*MARKET, "owner"], BASES)


def zone_demand(run: Run, rules: StructureRules) -> pd.DataFrame:
    """Demand of the market (zone blank) and of each zone: ..., zone, demand_mw, import_mw."""
    market = system_demand(run, reserves=rules.system.reserves).assign(zone="", import_mw=0.0)
    zone_of = run.case.buses.set_index("bus")["zone"]
    loads = run.load_awards
    loads = loads.assign(zone=loads["bus"].map(zone_of), demand_mw=loads["mw"] - loads["bid_mw"])
    output = run.dispatch.assign(zone=run.dispatch["bus"].map(zone_of))
    taken = loads.groupby(MARKET)[["demand_mw", "mw"]].sum()
    made = output.groupby(MARKET)["mw"].sum().reindex(taken.index, fill_value=0.0)
    zones = taken.assign(import_mw=(taken["mw"] - made).clip(lower=0.0)).reset_index()
    zones = zones.loc[zones["zone"] != "", [*MARKET, "demand_mw", "import_mw"]]
    return pd.concat([market, zones], ignore_index=True)


def long_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows with all the columns of the long table: absent text is "", absent values NaN."""
    numbers = ["value", "threshold_percent"]
    text = [name for name in COLUMNS if name not in (*SPAN, *numbers)]
    blank: dict[str, object] = {**dict.fromkeys(COLUMNS, ""), **dict.fromkeys(numbers, np.nan)}
    full = pd.DataFrame({name: frame.get(name, blank[name]) for name in COLUMNS}, index=frame.index)
    full[text] = full[text].fillna("")
    full["measure"] = full["measure"].where(full["measure"] != "", full["index"])
    return full.astype({**dict.fromkeys(text, "str"), **dict.fromkeys(numbers, "float64")})


def melted(frame: pd.DataFrame, keys: list[str], values: dict[str, str]) -> pd.DataFrame:
    """One row per key and value column, the column's new name in ``index``."""
    long = frame.rename(columns=values).melt(
        keys, list(values.values()), var_name="index", value_name="value"
    )
    return long


def _concentration(supply: pd.DataFrame) -> list[pd.DataFrame]:
    bases = supply.melt([*MARKET, "owner"], BASES, var_name="basis", value_name="mw")
    owned = shares(bases, [*MARKET, "basis"], "mw")
    index = concentration(owned, [*MARKET, "basis"]).rename(columns={"hhi": "value"})
    share = owned.rename(columns={"owner": "subject", "share": "value"})
    why = "no MW in the market"
    return [
        share.assign(
            index="share." + share["basis"],
            measure="share",
            scope=_owner_scope(share),
            reason=_why_none(share, why),
        ),
        _market_rows(index, "hhi." + index["basis"]).assign(
            measure="hhi", reason=_why_none(index, why)
        ),
    ]


def _by_segment(run: Run, owners: Ownership, rules: StructureRules) -> pd.DataFrame:
    limits = rules.concentration
    segment = running_class(run.dispatch, limits.base_share, limits.peak_share)
    frame = owners.split(run.dispatch[[*CELL, "interval_end", "mw"]], "mw")
    frame = frame.assign(segment=frame["unit"].map(segment), zone="")
    index = hhi(frame, [*MARKET, "segment"], "mw").rename(columns={"hhi": "value"})
    rows = _market_rows(index, "hhi.cleared." + index["segment"])
    rows = rows.assign(measure="hhi", basis="cleared." + rows["segment"])
    return rows.assign(reason=_why_none(rows, "nothing of this segment runs"))


def _pivotal(supply: pd.DataFrame, demand: pd.DataFrame, suffix: str) -> list[pd.DataFrame]:
    offered = supply.rename(columns={"available": "supply_mw"})
    found = pivotal_indices(offered, demand, MARKET)
    names = {name: f"{name}{suffix}" for name in ("psi", "rsi1", "rsi2", "rsi3")}
    by_owner = melted(found.rename(columns={"owner": "subject"}), [*MARKET, "subject"], names)
    alone = sum_by(found, MARKET, ["psi"]).rename(columns={"psi": "value"})
    joint = joint_counts(offered, demand, MARKET).rename(columns={"jointly_pivotal": "value"})
    kind = by_owner["index"].map({index: name for name, index in names.items()})
    rows = [
        by_owner.assign(scope=_owner_scope(by_owner), measure=kind),
        _market_rows(alone, f"pivotal_owners{suffix}").assign(measure="pivotal_owners"),
        _market_rows(joint, f"jointly_pivotal{suffix}").assign(measure="jointly_pivotal"),
    ]
    return [part.assign(basis=suffix.lstrip(".")) for part in rows]


def _market_rows(frame: pd.DataFrame, index: str | pd.Series) -> pd.DataFrame:
    """Rows of a market or zone: its name is the subject too."""
    scope = np.where(frame["zone"] == "", "market", "zone")
    return frame.assign(index=index, scope=scope, subject=frame["zone"])


def _owner_scope(frame: pd.DataFrame) -> pd.Series:
    return (frame["zone"] == "").map({True: "owner", False: "zone_owner"})


def _why_none(frame: pd.DataFrame, reason: str) -> pd.Series:
    return frame["value"].isna().map({True: reason, False: ""})


def _relief_concentration(verdicts: pd.DataFrame) -> pd.DataFrame:
    tested = verdicts[(verdicts["rule_id"] == "three_pivotal") & (verdicts["owner"] != "")]
    place = [*SPAN, "constraint", "contingency"]
    index = hhi(tested, place, "supply_mw").rename(columns={"hhi": "value"})
    index = index.assign(index="hhi.relief", measure="hhi", basis="relief")
    return index.assign(scope="constraint", subject=index["constraint"])
