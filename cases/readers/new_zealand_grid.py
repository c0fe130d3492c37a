"""The grid of a New Zealand case: buses, branches, links, price nodes."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from cases.errors import InputError
from cases.readers.new_zealand_files import CaseFiles, records, stamp_of

__all__ = ["NewZealandGrid"]

BASE_MVA = 100.0
NO_LIMIT_MW = 9999.0
"""What the operator puts where a branch has no limit; losses by segments divide it too."""
_MAIN = (1, 2)
"""Electrical islands that are the two islands of the country."""
_KEYS = ["KEY1", "KEY2", "KEY3", "KEY4"]


@dataclass
class NewZealandGrid:
    """Buses and branches of the intervals asked for, whose grid is the same."""

    files: CaseFiles
    intervals: list[str]
    notes: list[str]

    def __post_init__(self) -> None:
        """Check that one grid serves all intervals, but for branches that are out in some."""
        for interval in self.intervals[1:]:
            for name in ("ENODEBUS", "BRANCHBUS"):
                first, other = (
                    self._net(i, name).drop(columns="REMOVE", errors="ignore")
                    for i in (self.intervals[0], interval)
                )
                if not first.equals(other):
                    message = (
                        f"the grid of {interval} is not that of {self.intervals[0]} (table "
                        f"{name}), and a case has one grid: read one interval with --interval"
                    )
                    raise InputError.one(
                        self.files.path.name, None, "interval", "grid_changes", message
                    )

    def _net(self, interval: str, name: str) -> pd.DataFrame:
        return self.files.table(self.files.network(interval), name).frame

    @cached_property
    def _enode_bus(self) -> dict[str, tuple[str, int]]:
        """Bus and electrical island of each electrical node."""
        rows = self.files.table(self.files.network(self.intervals[0]), "ENODEBUS")
        frame = rows.need("ID_ENODE", "ID_BUS", "ID_KV", "ID_ST", "ELECTRICAL_ISLAND")
        island = rows.number("ELECTRICAL_ISLAND").astype(int)
        return {
            enode: (bus, part)
            for enode, bus, part in zip(frame["ID_ENODE"], frame["ID_BUS"], island, strict=True)
        }

    @cached_property
    def island_of(self) -> dict[str, int]:
        """Electrical island of each live bus."""
        return {bus: part for bus, part in self._enode_bus.values() if part > 0}

    @cached_property
    def _enodes(self) -> dict[tuple[str, str, str, str], str]:
        """Electrical node by station, voltage, equipment (or node number) and type."""
        rows = self.files.table(".MSSNET", "NODE")
        frame = rows.need("ID_ENODE", "ID_ST", "ID_KV", "ID_EQUIPMENT", "ID_ND", "EQUIPMENTTYPE")
        found: dict[tuple[str, str, str, str], str] = {}
        for enode, station, kv, equipment, number, kind in records(
            frame[["ID_ENODE", "ID_ST", "ID_KV", "ID_EQUIPMENT", "ID_ND", "EQUIPMENTTYPE"]]
        ):
            found[station, kv, equipment, kind] = enode
            found.setdefault((station, kv, number, "ND"), enode)
        return found

    @cached_property
    def nodes(self) -> dict[str, list[tuple[str, float]]]:
        """Live price nodes: buses and weights."""
        parts: dict[str, list[tuple[str, float, int]]] = defaultdict(list)
        for row in records(self._pnodes):
            enode = self._enodes.get((row.KEY1, row.KEY2, row.KEY3, row.KEY4))
            if enode in self._enode_bus:
                bus, part = self._enode_bus[enode]
                if part > 0:
                    parts[row.PNODENAME].append((bus, float(row.FACTOR), part))
        found = {}
        for node, own in parts.items():
            if any(part in _MAIN for _, _, part in own):
                own = [entry for entry in own if entry[2] in _MAIN]
            weights: dict[str, float] = defaultdict(float)
            for bus, factor, _ in own:
                weights[bus] += factor
            total = sum(weights.values())
            if total > 0.0:
                found[node] = [(bus, weight / total) for bus, weight in weights.items()]
        return found

    @cached_property
    def _pnodes(self) -> pd.DataFrame:
        rows = self.files.at(".DAILY", "PNODE")
        frame = rows.need("PNODENAME", "FACTOR", *_KEYS, "ISLAND")
        frame = frame[frame["INTERVAL"] == self.intervals[0]]
        return frame.assign(FACTOR=pd.to_numeric(frame["FACTOR"], errors="coerce").fillna(0.0))

    @cached_property
    def zone_of_node(self) -> dict[str, str]:
        """Island name of each price node."""
        frame = self._pnodes
        return dict(zip(frame["PNODENAME"], frame["ISLAND"], strict=True))

    @cached_property
    def _zone_of_bus(self) -> dict[str, str]:
        """Island name of each bus: that of its price nodes, else of its electrical island."""
        own: dict[str, Counter[str]] = defaultdict(Counter)
        whole: dict[int, Counter[str]] = defaultdict(Counter)
        for node, weights in self.nodes.items():
            for bus, _ in weights:
                own[bus][self.zone_of_node[node]] += 1
                whole[self.island_of[bus]][self.zone_of_node[node]] += 1
        return {
            bus: (own[bus] or whole[part] or Counter([""])).most_common(1)[0][0]
            for bus, part in self.island_of.items()
        }

    @cached_property
    def buses(self) -> pd.DataFrame:
        """Live buses."""
        frame = self._net(self.intervals[0], "ENODEBUS")
        frame = frame[frame["ID_BUS"].isin(list(self.island_of))].drop_duplicates("ID_BUS")
        frame = frame.sort_values("ID_BUS", key=lambda s: pd.to_numeric(s, errors="coerce"))
        return pd.DataFrame(
            {
                "bus": frame["ID_BUS"],
                "zone": [self._zone_of_bus[bus] for bus in frame["ID_BUS"]],
                "area": frame["ID_ST"],
                "kv": pd.to_numeric(frame["ID_KV"], errors="coerce"),
            }
        ).reset_index(drop=True)

    @cached_property
    def branch_of_key(self) -> dict[tuple[str, ...], str]:
        """Branch or link by its four keys."""
        frame = self.files.table(".MSSNET", "BRANCHNODE").need("ID_BRANCH", *_KEYS)
        found = {tuple(row[1:]): row[0] for row in records(frame[["ID_BRANCH", *_KEYS]])}
        link = self._links
        found |= {(row.KEY1, row.KEY2, row.KEY3, "LN"): row.HVDCBRANCH for row in records(link)}
        return found

    @cached_property
    def _branches(self) -> pd.DataFrame:
        """Branches that join two live buses."""
        rows = self.files.table(self.files.network(self.intervals[0]), "BRANCHBUS")
        frame = rows.need("ID_BRANCH", "ID_FROMBUS", "ID_TOBUS", "REMOVE").copy()
        for column in ("SUSCEPTANCE", "RESISTANCE"):
            frame[column] = rows.number(column)
        live = frame["ID_FROMBUS"].isin(list(self.island_of))
        live &= frame["ID_TOBUS"].isin(list(self.island_of))
        live &= frame["ID_BRANCH"].isin(set().union(*self._in_service.values()))
        live &= frame["ID_FROMBUS"] != frame["ID_TOBUS"]
        dead = live & (frame["SUSCEPTANCE"] == 0.0)
        if dead.any():
            names = ", ".join(frame.loc[dead, "ID_BRANCH"].head(5))
            self.notes.append(f"branches without susceptance are left out: {names}")
        return frame[live & ~dead].reset_index(drop=True)

    @cached_property
    def _in_service(self) -> dict[str, set[str]]:
        """Branches in service by interval."""
        found = {}
        for interval in self.intervals:
            frame = self._net(interval, "BRANCHBUS")
            found[interval] = set(frame.loc[frame["REMOVE"] != "1", "ID_BRANCH"])
        return found

    @cached_property
    def _limits(self) -> dict[str, dict[str, tuple[float, float, float]]]:
        """By interval and branch: limit forward and back, fixed loss."""
        rows = self.files.at(".MSSMOD", "BRANCHLIMIT")
        frame = rows.need(*_KEYS)
        numbers = [
            rows.number(column)
            for column in ("BASECASEMWLIMITFOR", "BASECASEMWLIMITREV", "FIXEDLOSS")
        ]
        found: dict[str, dict[str, tuple[float, float, float]]] = defaultdict(dict)
        keys = records(frame[["INTERVAL", *_KEYS]])
        for key, ahead, back, fixed in zip(keys, *numbers, strict=True):
            name = self.branch_of_key.get(tuple(key[1:]))
            if name is not None:
                found[key[0]][name] = (ahead or NO_LIMIT_MW, back or NO_LIMIT_MW, fixed)
        return found

    @cached_property
    def _segments(self) -> dict[str, int]:
        rows = self.files.table(".MSSMKT", "BRANCHPARAM")
        frame = rows.need(*_KEYS)
        count = rows.number("NUMLOSSTRANCHES").astype(int)
        keys = records(frame[_KEYS])
        return {
            self.branch_of_key[tuple(key)]: int(number)
            for key, number in zip(keys, count, strict=True)
            if tuple(key) in self.branch_of_key
        }

    @cached_property
    def branches(self) -> pd.DataFrame:
        """Lines and transformers, with the limits of the first interval."""
        frame = self._branches
        names = frame["ID_BRANCH"].tolist()
        none = (NO_LIMIT_MW, NO_LIMIT_MW, 0.0)
        limits = [self._limits[self.intervals[0]].get(name, none) for name in names]
        kind = {name: key[3] for key, name in self.branch_of_key.items()}
        return pd.DataFrame(
            {
                "branch": names,
                "from_bus": frame["ID_FROMBUS"],
                "to_bus": frame["ID_TOBUS"],
                "kind": ["transformer" if kind.get(n) == "XF" else "line" for n in names],
                "r": frame["RESISTANCE"] / BASE_MVA,
                "x": -BASE_MVA / frame["SUSCEPTANCE"],
                "rating_mw": [limit[0] for limit in limits],
                "rating_reverse_mw": [limit[1] for limit in limits],
                "loss_segments": [self._segments.get(name, 0) for name in names],
                "fixed_loss_mw": [limit[2] for limit in limits],
                "in_service": [name in self._in_service[self.intervals[0]] for name in names],
            }
        )

    def branch_ratings(self) -> pd.DataFrame:
        """Limits of intervals that are not those of the first."""
        rows, none = [], (NO_LIMIT_MW, NO_LIMIT_MW, 0.0)
        fixed = set()
        for name in self._branches["ID_BRANCH"].tolist():
            usual = self._limits[self.intervals[0]].get(name, none)
            for interval in self.intervals[1:]:
                limit = self._limits[interval].get(name, none)
                live = name in self._in_service[interval]
                if limit[:2] != usual[:2] or live != (name in self._in_service[self.intervals[0]]):
                    rows.append((stamp_of(interval), name, limit[0], limit[1], live))
                if limit[2] != usual[2]:
                    fixed.add(name)
        if fixed:
            self.notes.append(
                f"fixed losses that change between intervals are those of the first: "
                f"{', '.join(sorted(fixed)[:5])}"
            )
        columns = ["interval_start", "branch", "rating_mw", "rating_reverse_mw", "in_service"]
        return pd.DataFrame(rows, columns=columns)

    @cached_property
    def _links(self) -> pd.DataFrame:
        names = [f"{end}_ENODE{k}" for end in ("FROM", "TO") for k in ("KEY1", "KEY2", "KEY3")]
        rows = self.files.table(".MSSMKT", "HVDCBRANCH")
        return rows.need("HVDCBRANCH", *names, "KEY1", "KEY2", "KEY3")

    @cached_property
    def links(self) -> pd.DataFrame:
        """The DC poles, one link for each direction."""
        rows = self.files.at(".PERIOD", "HVDCLINK")
        frame = rows.need("HVDCBRANCH", "REMOVE").copy()
        for column in ("MWMAX", "NUMLOSSTRANCHES", "RESISTANCE", "FIXEDLOSS"):
            frame[column] = rows.number(column)
        frame = frame[frame["INTERVAL"].isin(self.intervals) & (frame["REMOVE"] != "1")]
        ends = self._links.set_index("HVDCBRANCH")
        made = []
        for name, own in frame.groupby("HVDCBRANCH", sort=True):
            if name not in ends.index:
                continue
            if len(own[["MWMAX", "RESISTANCE", "FIXEDLOSS"]].drop_duplicates()) > 1:
                message = f"link {name} changes between intervals: read one with --interval"
                raise InputError.one(rows.file, None, "MWMAX", "link_changes", message)
            if len(own) < len(self.intervals):
                self.notes.append(f"link {name} is there in some intervals only: taken in all")
            row, end = own.iloc[0], ends.loc[str(name)].to_dict()
            bus = [self._link_bus(end, side) for side in ("FROM", "TO")]
            if None in bus:
                self.notes.append(f"link {name} ends at a dead bus and is left out")
                continue
            made.append(
                {
                    "link": name,
                    "from_bus": bus[0],
                    "to_bus": bus[1],
                    "min_mw": 0.0,
                    "max_mw": row["MWMAX"],
                    "r": row["RESISTANCE"] / BASE_MVA,
                    "loss_segments": int(row["NUMLOSSTRANCHES"]),
                    "fixed_loss_mw": row["FIXEDLOSS"],
                }
            )
        return pd.DataFrame(made)

    def _link_bus(self, end: dict[Any, str], side: str) -> str | None:
        station, kv, number = (end[f"{side}_ENODE{k}"] for k in ("KEY1", "KEY2", "KEY3"))
        enode = self._enodes.get((station, kv, number, "ND"))
        bus, part = self._enode_bus.get(enode or "", ("", 0))
        return bus if part > 0 else None

    def price_nodes(self) -> pd.DataFrame:
        """Price nodes as weighted buses."""
        rows = [(node, *entry) for node, own in sorted(self.nodes.items()) for entry in own]
        return pd.DataFrame(rows, columns=["node", "bus", "weight"])

    def towards(self, branch: str, bus: str) -> float:
        """1 where a branch leads to a station and voltage such as WRK220, -1 the other way."""
        ends = self.files.table(".MSSNET", "BRANCHNODE").need("ID_BRANCH", "ID_TOENODE")
        enode = ends.loc[ends["ID_BRANCH"] == branch, "ID_TOENODE"].iloc[0]
        where = self.files.table(".MSSNET", "NODE").frame
        to = where[where["ID_ENODE"] == enode].iloc[0]
        return 1.0 if f"{to['ID_ST']}{to['ID_KV']}" == bus else -1.0
