"""Units, loads, offers and bids of a New Zealand case."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from cases.readers.new_zealand_files import CaseFiles, records, stamp_of
from cases.readers.new_zealand_grid import NewZealandGrid
from cases.readers.new_zealand_load import node_loads

__all__ = ["PRODUCTS", "NewZealandOffers"]

_RESERVE = ("PLRO", "TWRO", "ILRO")
PRODUCTS = ("fast", "sustained")


@dataclass
class NewZealandOffers:
    """What is offered and bid in the intervals asked for."""

    files: CaseFiles
    grid: NewZealandGrid
    intervals: list[str]
    notes: list[str]

    @cached_property
    def traders(self) -> pd.DataFrame:
        """Rows of TRADERPERIODS of the intervals, with numbers and the owner's name."""
        rows = self.files.at(".PERIOD", "TRADERPERIODS")
        columns = ("PNODENAME", "TRADERID", "TRADETYPE")
        frame = rows.need(*columns).copy()
        for column in ("RAMPUPRATEMX", "RAMPDNRATEMX", "MWMAX", "IGPOTENTIALMW", "DISPATCHABLE"):
            frame[column] = rows.number(column)
        names = self.files.table(".MSSMKT", "TRADER").need("TRADERID", "TRADERNAME")
        owner = dict(zip(names["TRADERID"], names["TRADERNAME"], strict=True))
        frame["owner"] = frame["TRADERID"].map(owner).fillna(frame["TRADERID"])
        return frame[frame["INTERVAL"].isin(self.intervals)].reset_index(drop=True)

    @cached_property
    def blocks(self) -> pd.DataFrame:
        """Rows of BIDSANDOFFERS that can be taken, with what their trader's row says."""
        rows = self.files.at(".PERIOD", "BIDSANDOFFERS")
        columns = ["PNODENAME", "TRADERID", "TRADETYPE", "INTERVAL"]
        frame = rows.need(*columns, "SIXSEC").copy()
        for new, column in (
            ("segment", "TRADERBLOCKTRANCHE"),
            ("mw", "TRADERBLOCKLIMIT"),
            ("price", "TRADERBLOCKPRICE"),
            ("percent", "RESERVEPERCENT"),
        ):
            frame[new] = rows.number(column)
        joined = frame.merge(self.traders[[*columns, "owner", "DISPATCHABLE"]], on=columns)
        live = (joined["DISPATCHABLE"] == 1.0) & (joined["mw"] > 0.0)
        live &= joined["PNODENAME"].isin(list(self.grid.nodes))
        starts = {interval: stamp_of(interval) for interval in self.intervals}
        return joined[live].assign(interval_start=joined["INTERVAL"].map(starts))

    @cached_property
    def unit_data(self) -> dict[tuple[str, str], Any]:
        """UNITDATA by interval and node."""
        rows = self.files.at(".DAILY", "UNITDATA")
        frame = rows.need("PNODENAME", "SETRISK", "ISPRICERESPONSIVEIG", "ISPARTCOMM").copy()
        rows.need("ISCOMMISSIONING")
        for column in ("FKBANDMW", "COMMRISKMWCE", "COMMRISKMWECE"):
            frame[column] = rows.number(column)
        return {(row.INTERVAL, row.PNODENAME): row for row in records(frame)}

    @cached_property
    def _energy(self) -> pd.DataFrame:
        own = self.traders[self.traders["TRADETYPE"] == "ENOF"]
        dead = sorted(set(own["PNODENAME"]) - set(self.grid.nodes))
        if dead:
            self.notes.append(f"units at dead nodes are left out: {', '.join(dead)}")
        return own[own["PNODENAME"].isin(list(self.grid.nodes))]

    @cached_property
    def unit_bus(self) -> dict[str, str]:
        """Bus of each unit: the one of most weight."""
        return {
            name: max(self.grid.nodes[name], key=lambda entry: entry[1])[0]
            for name in dict.fromkeys(self._energy["PNODENAME"])
        }

    def units(self) -> pd.DataFrame:
        """Units, with their MW before the first interval."""
        start = self._initial_mw()
        rows = []
        for name, own in self._energy.groupby("PNODENAME", sort=False):
            first = own.iloc[0]
            ramps = [float(own[c].iloc[0]) for c in ("RAMPUPRATEMX", "RAMPDNRATEMX")]
            if len(own[["RAMPUPRATEMX", "RAMPDNRATEMX"]].drop_duplicates()) > 1:
                self.notes.append(f"ramps of {name} change between intervals: those of the first")
            rows.append(
                {
                    "unit": name,
                    "owner": first["owner"],
                    "bus": self.unit_bus[str(name)],
                    "node": name if len(self.grid.nodes[str(name)]) > 1 else "",
                    "technology": "intermittent" if self._responsive(str(name)) else "",
                    "p_max": max(float(own["MWMAX"].max()), start.get(str(name), 0.0)),
                    "ramp_up": min(ramps[0], self._rise(str(name))),
                    "ramp_down": ramps[1],
                    "initial_mw": max(0.0, start.get(str(name), 0.0)),
                }
            )
        return pd.DataFrame(rows)

    def _responsive(self, node: str) -> bool:
        data = self.unit_data.get((self.intervals[0], node))
        return data is not None and data.ISPRICERESPONSIVEIG == "1"

    def _rise(self, node: str) -> float:
        """Largest ramp of an intermittent unit in a run of five minutes, MW/h; inf otherwise."""
        if self.files.minutes != 5 or not self._responsive(node):
            return float("inf")
        options = self.files.at(".PERIOD", "SPDOPTIONS", optional=True).frame
        if not len(options):
            return float("inf")
        own = options[options["NAME"] == "IGIncreaseLimitForRTD"]
        return float(own["VALUE"].iloc[0]) * 60.0 / 5.0 if len(own) else float("inf")

    def _initial_mw(self) -> dict[str, float]:
        """MW before the first interval asked for: measured, or the operator's solution."""
        if self.intervals[0] == self.files.intervals[0]:
            rows = self.files.table(".MSSMKT", "UNITINITIALMW")
            names, mw = rows.need("PNODENAME")["PNODENAME"], rows.number("UNITMW")
            return dict(zip(names, mw.tolist(), strict=True))
        end = self.files.solved(self.intervals[0])
        if end is None:
            self.notes.append(
                "MW before the interval are not in the file (no solution of it): ramps from the "
                "interval before do not hold"
            )
            return dict.fromkeys(self.unit_bus, float("nan"))
        rows = self.files.table(end, "PNODE")
        names, mw = rows.need("PNODENAME")["PNODENAME"], rows.number("INITIALMW")
        self.notes.append("MW before the interval are INITIALMW of the operator's solution")
        return dict(zip(names, mw.tolist(), strict=True))

    def availability(self) -> pd.DataFrame:
        """What each unit can reach by interval."""
        own, limits = self._energy, []
        for row in records(own):
            data = self.unit_data.get((row.INTERVAL, row.PNODENAME))
            responsive = data is not None and data.ISPRICERESPONSIVEIG == "1"
            limits.append(min(row.MWMAX, row.IGPOTENTIALMW) if responsive else row.MWMAX)
        wide = own.assign(mw=limits).pivot(index="INTERVAL", columns="PNODENAME", values="mw")
        wide = wide.reindex(index=self.intervals, columns=list(self.unit_bus)).fillna(0.0)
        return _stamped(wide)

    def offers(self) -> pd.DataFrame:
        """Energy offers, blocks by rising price."""
        own = self.blocks[self.blocks["TRADETYPE"] == "ENOF"]
        given = _numbered(own, "unit", rising=True)
        there = set(zip(given["unit"], given["interval_start"], strict=True))
        starts = [stamp_of(interval) for interval in self.intervals]
        none = [
            (unit, start, 1, 0.0, 0.0)
            for unit in self.unit_bus
            for start in starts
            if (unit, start) not in there
        ]
        return pd.concat([given, pd.DataFrame(none, columns=given.columns)], ignore_index=True)

    @cached_property
    def _bids(self) -> pd.DataFrame:
        return self.blocks[self.blocks["TRADETYPE"] == "ENDL"]

    @cached_property
    def interruptible(self) -> pd.DataFrame:
        """Reserve of loads: that of a bidding load, or of one of its own for each trader."""
        own = self.blocks[self.blocks["TRADETYPE"] == "ILRO"]
        bidding = set(self._bids["PNODENAME"])
        load = [
            node if node in bidding else f"{node} {owner}"
            for node, owner in zip(own["PNODENAME"], own["owner"], strict=True)
        ]
        return own.assign(load=load, tied=own["PNODENAME"].isin(bidding))

    @cached_property
    def demand_by_node(self) -> pd.DataFrame:
        """MW of each live node with load, by interval."""
        found = {i: node_loads(self.files, i, self.notes) for i in self.intervals}
        frame = pd.DataFrame(found).T.reindex(self.intervals).fillna(0.0)
        keep = [node for node in frame.columns if node in self.grid.nodes]
        gone = frame.drop(columns=keep).abs().max()
        named = gone[gone > 0.0].index.tolist()
        if named:
            self.notes.append(f"loads at dead nodes are left out: {', '.join(named[:10])}")
        frame = frame[keep]
        return frame.loc[:, (frame != 0.0).any()]

    def node_mw(self, interval: str, node: str) -> float:
        """MW of a node in an interval."""
        return float(
            self.demand_by_node[node].to_numpy(dtype=float)[self.intervals.index(interval)]
        )

    @cached_property
    def island_load(self) -> pd.DataFrame:
        """Demand of each island by interval, MW."""
        total = self.demand_by_node.T.groupby(pd.Series(self.grid.zone_of_node)).sum().T
        zones = sorted(set(self.grid.zone_of_node.values()))
        return total.reindex(columns=zones, fill_value=0.0)

    @cached_property
    def _parts(self) -> list[tuple[str, str, str, float]]:
        """Loads of nodes: load, node, bus and share; a node of several buses is several loads."""
        found = []
        for node in self.demand_by_node.columns:
            weights = self.grid.nodes[node]
            for bus, weight in weights:
                name = node if len(weights) == 1 else f"{node} @{bus}"
                found.append((name, node, bus, weight))
        return found

    @cached_property
    def loads(self) -> pd.DataFrame:
        """Loads of nodes, bidding loads, and loads that only offer reserve."""
        rows = [(name, bus, "") for name, _, bus, _ in self._parts]
        for own, column in ((self._bids, "PNODENAME"), (self.interruptible, "load")):
            for name, node, owner in records(
                own[[column, "PNODENAME", "owner"]].drop_duplicates(column)
            ):
                bus = max(self.grid.nodes[node], key=lambda entry: entry[1])[0]
                rows.append((name, bus, owner))
        frame = pd.DataFrame(rows, columns=["load", "bus", "owner"])
        return frame.drop_duplicates("load", keep="last", ignore_index=True)

    def demand(self) -> pd.DataFrame:
        """Demand at any price: injections (negative loads); the others bid at scarcity prices."""
        loads = self.loads["load"].tolist()
        values = np.zeros((len(self.intervals), len(loads)))
        place = {name: k for k, name in enumerate(loads)}
        for name, node, _, share in self._parts:
            own = self.demand_by_node[node].to_numpy(dtype=float) * share
            values[:, place[name]] = np.minimum(own, 0.0)
        return _stamped(pd.DataFrame(values, index=self.intervals, columns=loads))

    def bids(self) -> pd.DataFrame:
        """Demand of nodes in blocks at scarcity prices, and what loads bid themselves."""
        rows = self.files.at(".PERIOD", "SCARCITYENNATIONALFACTORS")
        frame = rows.frame.assign(price=rows.number("PRICE"), factor=rows.number("FACTOR"))
        parts = [_numbered(self._bids, "load", rising=False)]
        for interval in self.intervals:
            curve = frame[frame["INTERVAL"] == interval].sort_values("price", ascending=False)
            for k, (price, factor) in enumerate(zip(curve["price"], curve["factor"], strict=True)):
                mw = [
                    max(self.node_mw(interval, node), 0.0) * share * factor
                    for _, node, _, share in self._parts
                ]
                parts.append(
                    pd.DataFrame(
                        {
                            "load": [name for name, *_ in self._parts],
                            "interval_start": stamp_of(interval),
                            "segment": k + 1,
                            "mw": mw,
                            "price": price,
                        }
                    )
                )
        bids = pd.concat([part for part in parts if len(part)], ignore_index=True)
        return bids[bids["mw"] > 0.0].reset_index(drop=True)

    @cached_property
    def reserve_offers(self) -> pd.DataFrame:
        """Reserve offers of units and loads, blocks numbered by product."""
        own = self.blocks[self.blocks["TRADETYPE"].isin(_RESERVE[:2])]
        own = own[own["PNODENAME"].isin(list(self.unit_bus))]
        keep = [
            not self._commissioning(interval, node)
            for interval, node in zip(own["INTERVAL"], own["PNODENAME"], strict=True)
        ]
        units = own[keep].assign(unit=own["PNODENAME"], load="")
        partly = units["TRADETYPE"] == "PLRO"
        units["share_of_output"] = np.where(partly, units["percent"] / 100.0, np.nan)
        loads = self.interruptible.assign(unit="")
        loads["share_of_output"] = np.where(loads["tied"], 1.0, np.nan)
        both = pd.concat([units, loads], ignore_index=True)
        both["product"] = np.where(both["SIXSEC"] == "1", *PRODUCTS)
        key = ["unit", "load", "product", "interval_start"]
        both = both.sort_values([*key, "TRADETYPE", "segment"], kind="stable", ignore_index=True)
        both["segment"] = both.groupby(key).cumcount() + 1
        return both[[*key, "segment", "mw", "price", "share_of_output"]]

    def _commissioning(self, interval: str, node: str) -> bool:
        """Whether a unit is wholly commissioning: its reserve does not count."""
        data = self.unit_data.get((interval, node))
        return (
            data is not None
            and data.ISCOMMISSIONING == "1"
            and data.ISPARTCOMM == "0"
            and data.COMMRISKMWCE > 0.0
        )


def _stamped(wide: pd.DataFrame) -> pd.DataFrame:
    frame = wide.reset_index(drop=True)
    frame.insert(0, "interval_start", [stamp_of(str(interval)) for interval in wide.index])
    frame.columns.name = None
    return frame


def _numbered(blocks: pd.DataFrame, who: str, *, rising: bool) -> pd.DataFrame:
    """Blocks by price, numbered from 1 for each of `who` and interval."""
    frame = blocks.rename(columns={"PNODENAME": who}).sort_values(
        [who, "interval_start", "price"], ascending=[True, True, rising], kind="stable"
    )
    frame["segment"] = frame.groupby([who, "interval_start"]).cumcount() + 1
    return frame[[who, "interval_start", "segment", "mw", "price"]].reset_index(drop=True)
