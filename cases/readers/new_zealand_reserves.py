"""Risks, shared reserve, scarcity and constraints of a New Zealand case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from cases.readers.new_zealand_files import CaseFiles, Rows, records, stamp_of
from cases.readers.new_zealand_grid import NewZealandGrid
from cases.readers.new_zealand_offers import PRODUCTS, NewZealandOffers

__all__ = ["NewZealandReserves", "distinct"]

_CLASS = {"fast": ("FIR", "SIX"), "sustained": ("SIR", "SIXTY")}
_EVENTS = ("CE", "ECE")
_EXTENDED_PENALTY = 800_000.0
"""Money per MW and hour that an extended contingent event's risk may stay uncovered at."""
_OTHER = {"SI": "NI", "NI": "SI"}
"""The other island; first the one that usually gives."""
Terms = tuple[tuple[str, str, float], ...]


@dataclass
class NewZealandReserves:
    """What reserves must cover in the intervals asked for."""

    files: CaseFiles
    grid: NewZealandGrid
    offers: NewZealandOffers
    intervals: list[str]
    notes: list[str]

    @cached_property
    def _island(self) -> dict[tuple[str, ...], dict[str, float]]:
        """RISKPARAMSCHEDULE as numbers, by interval and island."""
        rows = self.files.at(".PERIOD", "RISKPARAMSCHEDULE")
        rows.need("ISLAND", "NFRSIXACCE", "HVDCRISKSUBTRACTORMAX", "SHAREDNFRLOADOFFSET")
        return _numbers(rows, ["INTERVAL", "ISLAND"])

    @cached_property
    def _sharing(self) -> dict[tuple[str, ...], dict[str, float]]:
        rows = self.files.at(".PERIOD", "RESERVESHARING")
        rows.need("MRCE", "MRECE", "HVDCCONTROLBANDFORWARD", "SHAREDNFRFACTOR")
        return _numbers(rows, ["INTERVAL"])

    def _shares(self, interval: str, product: str) -> bool:
        rules = self._sharing[(interval,)]
        return rules.get(f"{_CLASS[product][0]}RESERVESHARINGENABLED", 0.0) == 1.0

    def _shared_nfr(self, interval: str, zone: str, product: str) -> float:
        """Frequency reserve that the load of an island gives to the other, MW; fast only."""
        if product != "fast" or not self._shares(interval, product):
            return 0.0
        own = self.offers.island_load[zone].to_numpy(dtype=float)
        load = float(own[self.intervals.index(interval)])
        island = self._island[interval, zone]
        factor = self._sharing[(interval,)]["SHAREDNFRFACTOR"]
        return max(0.0, factor * (load - island["SHAREDNFRLOADOFFSET"]))

    def products(self) -> pd.DataFrame:
        """Fast (6 seconds) and sustained (60 seconds) reserve."""
        return pd.DataFrame(
            {"product": PRODUCTS, "direction": "up", "minutes": [6.0 / 60.0, 60.0 / 60.0]}
        )

    def demand(self) -> pd.DataFrame:
        """Scarcity prices of reserve by island and product."""
        rows = self.files.at(".PERIOD", "SCARCITYRESISLANDLIMITS")
        frame = rows.need("ISLAND", "RESERVECLASS").assign(
            price=rows.number("PRICE"),
            mw=rows.number("LIMIT"),
            segment=rows.number("TRANCHENUMBER").astype(int),
        )
        frame = frame[frame["INTERVAL"].isin(self.intervals)]
        names = {code: product for product, (code, _) in _CLASS.items()}
        frame = frame.assign(product=frame["RESERVECLASS"].map(names))
        frame = frame.rename(columns={"ISLAND": "zone"})
        columns = ["product", "zone", "segment", "mw", "price"]
        curve = frame[columns].drop_duplicates()
        if curve.duplicated(["product", "zone", "segment"]).any():
            self.notes.append("scarcity prices of reserve change between intervals: first ones")
            curve = curve.drop_duplicates(["product", "zone", "segment"])
        return curve.reset_index(drop=True)

    @cached_property
    def _rows(self) -> list[tuple[str, Terms, dict[str, Any]]]:
        """Risks as base name, terms and their row."""
        return [row for interval in self.intervals for row in self._of_interval(interval)]

    def _of_interval(self, interval: str) -> Iterator[tuple[str, Terms, dict[str, Any]]]:
        rules = self._sharing[(interval,)]
        for zone, other in _OTHER.items():
            island = self._island[interval, zone]
            for product, (_, code) in _CLASS.items():
                for event in _EVENTS:
                    ac = island[f"NFR{code}AC{event}"] - self._shared_nfr(interval, other, product)
                    dc = island[f"NFR{code}{event}"]
                    if event == "CE":
                        dc += island["HVDCRISKSUBTRACTORMAX"]
                    factor = f"RISKFACTOR{code}SEC{'ECE' if event == 'ECE' else ''}"
                    row = {
                        "product": product,
                        "zone": zone,
                        "interval_start": stamp_of(interval),
                        "factor": island[factor],
                        "shared": True,
                        "penalty": float("nan") if event == "CE" else _EXTENDED_PENALTY,
                    }
                    for name, setter, terms, offset in self._setters(interval, zone, event):
                        own = {**row, "offset_mw": offset - ac, "setter": setter}
                        yield name, terms, own
                    links = self._links_to(zone)
                    if links:
                        own = {**row, "offset_mw": rules[f"MR{event}"] - dc, "shared": False}
                        terms = tuple(("link", link, 1.0) for link in links)
                        yield f"HVDC {zone} {event}", terms, {**own, "setter": "link"}

    def _setters(
        self, interval: str, zone: str, event: str
    ) -> Iterator[tuple[str, str, Terms, float]]:
        """Name, kind, terms and MW beside them of the risks of an island's own grid."""
        for unit in self.offers.unit_bus:
            data = self.offers.unit_data.get((interval, unit))
            if data is None or data.SETRISK != "1" or self.grid.zone_of_node[unit] != zone:
                continue
            offset = data.FKBANDMW - getattr(data, f"COMMRISKMW{event}")
            terms = (("unit", unit, 1.0), ("reserve", unit, 1.0))
            yield f"{unit} {event}", "unit", self._offered(terms), offset
        for name, members, branches, loads, events in self._groups(interval):
            if event not in events or self.grid.zone_of_node.get(members[0]) != zone:
                continue
            given = tuple(("reserve", node, 1.0) for node in members)
            given += tuple(("reserve", load, 1.0) for load in loads)
            energy: Terms = tuple(("unit", node, 1.0) for node in members)
            if branches:
                energy = tuple(("branch", branch, sign) for branch, sign in branches)
            kind = "link group" if branches else "group"
            yield f"{name} {event}", kind, self._offered(energy + given), 0.0
        minimum = self._island[interval, zone][f"MANUALMINAC{event}"]
        yield f"manual {zone} {event}", "manual", (), minimum

    def _offered(self, terms: Terms) -> Terms:
        """Terms of what is there: units of the case, and reserve that is offered."""
        return tuple(
            term
            for term in terms
            if term[0] not in ("unit", "reserve")
            or (term[0] == "unit" and term[1] in self.offers.unit_bus)
            or (term[0] == "reserve" and term[1] in self._givers)
        )

    @cached_property
    def _givers(self) -> set[str]:
        frame = self.offers.reserve_offers
        return (set(frame["unit"]) | set(frame["load"])) - {""}

    @cached_property
    def _giving_loads(self) -> dict[str, list[str]]:
        """Loads that give reserve at a node."""
        found: dict[str, list[str]] = defaultdict(list)
        own = self.offers.interruptible[["PNODENAME", "load"]].drop_duplicates()
        for node, load in records(own):
            found[node].append(load)
        return found

    def _groups(
        self, interval: str
    ) -> Iterator[tuple[str, list[str], list[tuple[str, float]], list[str], list[str]]]:
        frame = self.files.at(".PERIOD", "RISKGROUP", optional=True).frame
        if not len(frame):
            return
        kind = "RISKTYPE" if "RISKTYPE" in frame else "RISKGROUPRISKTYPE"
        for row in records(frame[frame["INTERVAL"] == interval]):
            own = self._of_group(interval, row.RISKGROUPID)
            members = own("RISKGROUPPNODE")["PNODENAME"].tolist()
            if not members:
                continue
            branches = []
            for b in records(own("RISKGROUPBRANCH")):
                name = next(
                    (
                        v
                        for k, v in self.grid.branch_of_key.items()
                        if k[:3] == (b.KEY1, b.KEY2, b.KEY3)
                    ),
                    None,
                )
                if name is not None:
                    branches.append((name, self.grid.towards(name, b.TOWARDSBUS)))
            nodes = own("RISKGROUPIL")["PNODENAME"].tolist() if len(own("RISKGROUPIL")) else []
            loads = [load for node in nodes for load in self._giving_loads[node]]
            events = str(getattr(row, kind)).split("+")
            yield row.RISKGROUPNAME, members, branches, loads, events

    def _of_group(self, interval: str, group: str) -> Callable[[str], pd.DataFrame]:
        def rows(table: str) -> pd.DataFrame:
            frame = self.files.at(".PERIOD", table, optional=True).frame
            if not len(frame):
                return frame
            return frame[(frame["INTERVAL"] == interval) & (frame["RISKGROUPID"] == group)]

        return rows

    def _links_to(self, zone: str) -> list[str]:
        links, buses = self.grid.links, self.grid.buses.set_index("bus")["zone"]
        if not len(links):
            return []
        return links.loc[links["to_bus"].map(buses) == zone, "link"].tolist()

    @cached_property
    def _named(self) -> list[str]:
        """A name for each row: one for each set of terms that a base name has."""
        return distinct([(name, terms, row["interval_start"]) for name, terms, row in self._rows])

    def risks(self) -> pd.DataFrame:
        """What reserve must cover, by interval."""
        return pd.DataFrame(
            [
                {"risk": name, **row}
                for name, (_, _, row) in zip(self._named, self._rows, strict=True)
            ]
        )

    def risk_terms(self) -> pd.DataFrame:
        """The terms of the risks."""
        rows = {
            (name, kind, element): coefficient
            for name, (_, terms, _) in zip(self._named, self._rows, strict=True)
            for kind, element, coefficient in terms
        }
        made = [(*key, value) for key, value in rows.items()]
        return pd.DataFrame(made, columns=["risk", "kind", "element", "coefficient"])

    def sharing(self) -> pd.DataFrame:
        """What islands may give to each other over the DC poles."""
        links, buses = self.grid.links, self.grid.buses.set_index("bus")["zone"]
        if not len(links):
            return pd.DataFrame()
        made = []
        for interval in self.intervals:
            rules = self._sharing[(interval,)]
            spare = max(rules["MRCE"], rules["MRECE"])
            band = min(rules["HVDCCONTROLBANDFORWARD"], rules["HVDCCONTROLBANDREVERSE"])
            for product in PRODUCTS:
                if not self._shares(interval, product):
                    continue
                for source, sink in _OTHER.items():
                    there = links["from_bus"].map(buses).eq(source)
                    there &= links["to_bus"].map(buses).eq(sink)
                    size = float(links.loc[there, "max_mw"].sum())
                    own = self._island[interval, source]
                    nfr = self._shared_nfr(interval, source, product)
                    code = _CLASS[product][0]
                    made.append(
                        {
                            "product": product,
                            "from_zone": source,
                            "to_zone": sink,
                            "interval_start": stamp_of(interval),
                            "max_mw": band - spare,
                            "capacity_mw": size - spare,
                            "keep_mw": rules["RESERVESHARINGPOLEMIN"] + spare,
                            "extra_mw": min(nfr, own["RMTRESLIMITTOFIR"]),
                            "effectiveness": self._island[interval, sink][
                                f"{code}EFFECTIVENESSFACTORCE"
                            ],
                        }
                    )
        return pd.DataFrame(made)


def _numbers(rows: Rows, key: list[str]) -> dict[tuple[str, ...], dict[str, float]]:
    """Numbers of each row of a table by its key; what is no number is left out."""
    frame = rows.need(*key)
    values = frame.drop(columns=key).apply(pd.to_numeric, errors="coerce")
    keys = records(frame[key])
    return {
        tuple(name): {str(c): float(v) for c, v in row.items()}
        for name, row in zip(keys, values.to_dict("records"), strict=True)
    }


def distinct(rows: list[tuple[str, Hashable, pd.Timestamp]]) -> list[str]:
    """A name for each row; a base name with several contents gets the time of their first row."""
    contents: dict[str, dict[Hashable, str]] = defaultdict(dict)
    names = []
    for base, content, start in rows:
        own = contents[base]
        if content not in own:
            own[content] = base if not own else f"{base} {start:%H:%M}"
        names.append(own[content])
    return names
