"""The grid of a case: its data by position, what holds it together, and its flows.

A `Grid` is made once per topology and never changes. Everything that costs time (the factorized
susceptance matrix, the spanning forest, the networkx graph) is made when first asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TypeAlias

import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csc_array, csr_array

from cases.case import Case
from cases.errors import InputError
from network import branch_data, pockets, sensitivities
from network.arrays import Flags, Floats, Positions
from network.contingencies import Contingency, listed_contingencies
from network.factor import Factor
from network.graph import bus_attributes, edges
from network.interfaces import Interface, read_interfaces
from network.pockets import Pocket
from network.sensitivities import Direction
from network.slack import Slack
from network.susceptance import angle_flow_limits, branch_susceptance, check_convention, phase_shift
from network.topology import Forest, island_labels, spanning_forest

BranchSelection: TypeAlias = str | int | Sequence[str] | Sequence[int] | Positions | pd.Index
"""Branches by name or by position, one or several."""

__all__ = ["BranchSelection", "Grid"]


class Grid:
    """Buses, branches and their DC power flow model.

    Parameters
    ----------
    buses
        Table with column ``bus``; ``zone`` and others are optional.
    branches
        Table with columns ``branch``, ``from_bus``, ``to_bus`` and ``x``; optional ``r``, ``tap``,
        ``shift_deg``, ``rating_mw``, ``emergency_rating_mw``, ``angle_min_deg``,
        ``angle_max_deg``, ``in_service``. Branches out of service keep their position and carry 0.
    base_mva
        MVA that per-unit data refer to.
    convention
        How susceptance follows from the data, see `network.susceptance`.
    interfaces, interface_limits, contingencies
        Tables of a case, where there are any.

    Raises
    ------
    InputError
        With every unknown bus, duplicate name, zero or non-finite reactance and self-loop found.
    """

    buses: pd.Index
    branches: pd.Index
    base_mva: float
    from_bus: Positions
    to_bus: Positions
    in_service: Flags
    susceptance: Floats
    """Per unit, (L,); 0 where out of service."""
    shift: Floats
    """Phase shift in radians, (L,); 0 where out of service or where the convention has none."""
    rating: Floats
    """Limit in normal operation in MW, (L,); +inf where there is none."""
    rating_reverse: Floats
    """The same for flow to -> from; the rating where none is given."""
    emergency_rating: Floats
    """Limit after an outage in MW, (L,); the normal rating where none is given."""

    def __init__(
        self,
        buses: pd.DataFrame,
        branches: pd.DataFrame,
        base_mva: float,
        *,
        convention: str = "matpower",
        interfaces: pd.DataFrame | None = None,
        interface_limits: pd.DataFrame | None = None,
        contingencies: pd.DataFrame | None = None,
    ) -> None:
        self.convention = check_convention(convention)
        if not (np.isfinite(base_mva) and base_mva > 0):
            raise InputError.one(
                "case.toml", None, "base_mva", "positive", f"{base_mva} is not > 0"
            )
        self.base_mva = float(base_mva)
        data = branch_data.read(buses, branches)
        self.buses, self.branches = data.buses, data.branches
        self.from_bus, self.to_bus, self.in_service = data.from_bus, data.to_bus, data.in_service
        self.rating, self.emergency_rating = data.rating, data.emergency_rating
        self.rating_reverse = data.rating_reverse
        live = self.in_service
        self.susceptance = np.zeros(len(self.branches))
        self.susceptance[live] = branch_susceptance(
            self.convention, data.r[live], data.x[live], data.tap[live]
        )
        self.shift = np.where(live, phase_shift(self.convention, data.shift_deg), 0.0)
        self._angles = data.angle_min_deg, data.angle_max_deg
        for array in (self.from_bus, self.to_bus, self.in_service, self.susceptance, self.shift):
            array.flags.writeable = False
        self._bus_table, self._branch_table = buses, branches
        self._interfaces, self._interface_limits = interfaces, interface_limits
        self._contingencies = contingencies

    @classmethod
    def from_case(cls, case: Case, convention: str = "matpower") -> Grid:
        """Make the grid of a case, with its interfaces and contingencies."""
        return cls(
            case.buses,
            case.branches,
            case.meta.base_mva,
            convention=convention,
            interfaces=case.interfaces,
            interface_limits=case.interface_limits,
            contingencies=case.contingencies,
        )

    def without(self, branches: BranchSelection) -> Grid:
        """Return the same grid with these branches out of service; here they may island it."""
        live = self.in_service.copy()
        live[self.branch_positions(branches)] = False
        return Grid(
            self._bus_table,
            self._branch_table.assign(in_service=live),
            self.base_mva,
            convention=self.convention,
            interfaces=self._interfaces,
            interface_limits=self._interface_limits,
            contingencies=self._contingencies,
        )

    # Names and positions

    def bus_positions(self, buses: Iterable[str]) -> Positions:
        """Positions of buses by name; InputError names the unknown ones."""
        return _known(self.buses, pd.Index(list(buses)), "bus")

    def branch_positions(self, branches: BranchSelection) -> Positions:
        """Positions of branches given by name or by position; InputError names the unknown ones."""
        if isinstance(branches, str):
            return _known(self.branches, pd.Index([branches]), "branch")
        if isinstance(branches, int):
            branches = [branches]
        selected = np.asarray(branches)
        if selected.size == 0:
            return np.zeros(0, dtype=np.intp)
        if np.issubdtype(selected.dtype, np.integer):
            if selected.min() < 0 or selected.max() >= len(self.branches):
                message = f"expected positions from 0 to {len(self.branches) - 1}"
                raise InputError.one("", None, "branch", "known position", message)
            return selected.astype(np.intp)
        return _known(self.branches, pd.Index(selected), "branch")

    @cached_property
    def bus_names(self) -> npt.NDArray[np.object_]:
        """Names of the buses as a plain array, (B,), which is quick to pick from."""
        return np.asarray(self.buses, dtype=object)

    @cached_property
    def zones(self) -> dict[str, Positions]:
        """Positions of the buses of each zone, by zone name in the order of the table."""
        if "zone" not in self._bus_table:
            return {}
        return {
            str(zone): np.asarray(rows, dtype=np.intp)
            for zone, rows in self._bus_table.groupby("zone", sort=False).indices.items()
        }

    @cached_property
    def interfaces(self) -> dict[str, Interface]:
        """Interfaces by name."""
        if self._interfaces is None or self._interface_limits is None:
            return {}
        return read_interfaces(self, self._interfaces, self._interface_limits)

    def contingency(self, name: str) -> Contingency:
        """Find the listed contingency of this name, or else the outage of the branch so named."""
        table = self._contingencies
        if table is not None and name in set(table["contingency"]):
            listed = listed_contingencies(self, table[table["contingency"] == name])
            islanding = tuple(entry.contingency for entry in listed.islanding)
            return (listed.secure + islanding + listed.void)[0]
        position = int(self.branch_positions([name])[0])
        return Contingency(name, (position,))

    # Topology

    @cached_property
    def islands(self) -> Positions:
        """Island of each bus, (B,), numbered from 0 in the order of their first buses."""
        live = self.in_service
        return island_labels(len(self.buses), self.from_bus[live], self.to_bus[live])

    @cached_property
    def references(self) -> Positions:
        """Position of the reference bus of each island: the first of those with most branches."""
        live = self.in_service
        ends = np.concatenate([self.from_bus[live], self.to_bus[live]])
        degree = np.bincount(ends, minlength=len(self.buses))
        order = np.lexsort((-degree, self.islands))
        first = np.unique(self.islands[order], return_index=True)[1]
        return np.asarray(order[first], dtype=np.intp)

    @cached_property
    def forest(self) -> Forest:
        """A spanning tree of every island from its reference bus, with the bridges marked."""
        return spanning_forest(
            self.references, self.from_bus, self.to_bus, self.in_service, len(self.buses)
        )

    @cached_property
    def bridges(self) -> frozenset[str]:
        """Names of the branches whose outage alone splits an island."""
        return frozenset(str(name) for name in self.branches[self.forest.bridges])

    def cut_off(self, branches: BranchSelection) -> tuple[str, ...]:
        """Buses that the outage of these branches together cuts off from the rest.

        The rest is the largest part of an island; between equals it is the one with the island's
        reference bus. Empty when the outage islands nothing.
        """
        out = self.branch_positions(branches)
        if len(out) == 1:
            below = int(self.forest.below[out[0]])
            if below < 0:
                return ()
            inside = self.forest.subtree(below)
            root = self.references[self.islands[below]]
            if 2 * len(inside) > self.forest.size[root]:
                inside = np.setdiff1d(self.forest.subtree(root), inside)
            return tuple(str(bus) for bus in self.bus_names[np.sort(inside)])
        if not self.forest.may_split(out[self.in_service[out]]):
            return ()
        live = self.in_service.copy()
        live[out] = False
        parts = island_labels(len(self.buses), self.from_bus[live], self.to_bus[live])
        size = np.bincount(parts, minlength=len(self.buses)).astype(float)
        size[parts[self.references]] += 0.5
        largest = np.zeros(len(self.references))
        np.maximum.at(largest, self.islands, size[parts])
        lost = size[parts] < largest[self.islands]
        return tuple(str(bus) for bus in self.bus_names[lost])

    @cached_property
    def graph(self) -> nx.MultiGraph:
        """The in-service grid as a networkx MultiGraph: nodes are bus names, keys branch names."""
        graph = nx.MultiGraph()
        graph.add_nodes_from(bus_attributes(self._bus_table))
        graph.add_edges_from(edges(self))
        return graph

    def pockets(self, cut: str | Sequence[str] | Sequence[int] | None = None) -> tuple[Pocket, ...]:
        """Radial pockets, or, with a `cut`, the areas behind it; see `network.pockets`."""
        if cut is None:
            return pockets.radial_pockets(self)
        return pockets.pockets_behind(self, cut)

    # Power flow

    @cached_property
    def incidence(self) -> csr_array:
        """+1 at the from bus and -1 at the to bus of each branch in service, (L, B)."""
        live = np.flatnonzero(self.in_service)
        ones = np.ones(len(live))
        ends = np.concatenate([self.from_bus[live], self.to_bus[live]])
        return csr_array(
            (np.concatenate([ones, -ones]), (np.concatenate([live, live]), ends)),
            shape=(len(self.branches), len(self.buses)),
        )

    @cached_property
    def susceptance_matrix(self) -> csr_array:
        """Injection in per unit at each bus per angle in radians at each bus, (B, B)."""
        weighted = self.incidence.multiply(self.susceptance[:, None])
        return csr_array(self.incidence.T @ weighted)

    @cached_property
    def factor(self) -> Factor:
        """The factorized susceptance matrix, reduced by one reference bus per island."""
        return Factor(csc_array(self.susceptance_matrix), self.references)

    @cached_property
    def shift_flow(self) -> Floats:
        """Flows in MW, (L,), that the phase shifts alone cause, without any injection."""
        return self._flows_of(np.zeros(len(self.buses)))

    def angles(self, injections: Floats, slack: Slack | None = None) -> Floats:
        """Bus angles in radians, (B,) or (B, T), for injections in MW of the same shape.

        What an island's injections do not sum to is withdrawn by the weights of `slack`; without
        one, at the island's reference bus, whose angle is 0. Phase shifts take part.
        """
        mw = np.asarray(injections, dtype=float)
        if mw.ndim not in (1, 2) or mw.shape[0] != len(self.buses):
            message = f"expected {len(self.buses)} rows, one per bus, got shape {mw.shape}"
            raise InputError.one("", None, "injections", "shape", message)
        if not np.all(np.isfinite(mw)):
            lost = self.buses[~np.isfinite(mw.reshape(len(self.buses), -1)).all(axis=1)]
            message = f"not a finite number at bus {', '.join(map(str, lost[:5]))}"
            raise InputError.one("", None, "injections", "finite", message)
        if slack is not None:
            mw = slack.balance(self, mw)
        per_unit = mw / self.base_mva
        if np.any(self.shift):
            pushed = self.incidence.T @ (self.susceptance * self.shift)
            per_unit += pushed if mw.ndim == 1 else pushed[:, None]
        return self.factor.solve(per_unit)

    def flows(self, injections: Floats, slack: Slack | None = None) -> Floats:
        """Branch flows in MW, (L,) or (L, T), for injections in MW, (B,) or (B, T).

        One solve for all intervals; phase shifts take part; imbalance is treated as in `angles`.
        """
        return self._flows_of(injections, slack)

    def _flows_of(self, injections: Floats, slack: Slack | None = None) -> Floats:
        across = self.incidence @ self.angles(injections, slack)
        scale, shift = self.susceptance * self.base_mva, self.shift
        if across.ndim == 2:
            scale, shift = scale[:, None], shift[:, None]
        across -= shift
        across *= scale
        return np.asarray(across)

    def angle_flow_limits(self) -> tuple[Floats, Floats]:
        """Limits on flow, (low, high) each (L,) in MW, that the angle-difference limits imply."""
        return angle_flow_limits(self.susceptance, self.shift, *self._angles, self.base_mva)

    # Sensitivities

    def ptdf(self, branches: BranchSelection, slack: Slack | None = None) -> Floats:
        """Rows of the PTDF, (K, B), one solve each; see `network.sensitivities.ptdf`."""
        return sensitivities.ptdf(self, self.branch_positions(branches), slack)

    def lodf(self, outages: BranchSelection, rows: BranchSelection | None = None) -> Floats:
        """Outage factors of single outages, (L, n); see `network.sensitivities.lodf`."""
        wanted = None if rows is None else self.branch_positions(rows)
        return sensitivities.lodf(self, self.branch_positions(outages), wanted)

    def outage_lodf(self, together: BranchSelection, rows: BranchSelection | None = None) -> Floats:
        """Factors of one outage of several branches; see `network.sensitivities.outage_lodf`."""
        wanted = None if rows is None else self.branch_positions(rows)
        return sensitivities.outage_lodf(self, self.branch_positions(together), wanted)

    def ptdf_after(
        self, branches: BranchSelection, together: BranchSelection, slack: Slack | None = None
    ) -> Floats:
        """PTDF rows after an outage, (K, B); see `network.sensitivities.ptdf_after`."""
        rows, out = self.branch_positions(branches), self.branch_positions(together)
        return sensitivities.ptdf_after(self, rows, out, slack)

    def dfax(
        self,
        constraint: str | tuple[str, str | Contingency],
        direction: Direction,
        slack: Slack | None = None,
    ) -> pd.Series:
        """DFAX by bus, positive where injection relieves; see `network.sensitivities.dfax`."""
        return sensitivities.dfax(self, constraint, direction, slack)


def _known(index: pd.Index, names: pd.Index, what: str) -> Positions:
    positions = index.get_indexer(names)
    unknown = names[positions < 0]
    if len(unknown):
        shown = ", ".join(map(str, unknown[:5]))
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        raise InputError.one("", None, what, f"known {what}", f"no such {what}: {shown}{more}")
    return np.asarray(positions, dtype=np.intp)
