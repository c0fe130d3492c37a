"""The grid: topology, power flow, sensitivities, contingencies and their screening.

Positions are places in the case's tables of buses (B) and branches (L); T counts intervals.
"""

from network.contingencies import (
    Contingency,
    ContingencyList,
    IslandingContingency,
    branch_outages,
    contingencies,
    listed_contingencies,
)
from network.errors import DegenerateNetwork, IslandingOutage
from network.grid import Grid
from network.interfaces import Interface, interface_weights
from network.pockets import (
    Path,
    Pocket,
    pocket,
    pockets_behind,
    radial_pockets,
    shortest_path,
    zone_graph,
    zone_pocket,
)
from network.screening import ContingencyScreen
from network.sensitivities import Direction
from network.slack import Slack
from network.susceptance import CONVENTIONS, Convention
from network.violations import Violations

__all__ = [
    "CONVENTIONS",
    "Contingency",
    "ContingencyList",
    "ContingencyScreen",
    "Convention",
    "DegenerateNetwork",
    "Direction",
    "Grid",
    "Interface",
    "IslandingContingency",
    "IslandingOutage",
    "Path",
    "Pocket",
    "Slack",
    "Violations",
    "branch_outages",
    "contingencies",
    "interface_weights",
    "listed_contingencies",
    "pocket",
    "pockets_behind",
    "radial_pockets",
    "shortest_path",
    "zone_graph",
    "zone_pocket",
]
