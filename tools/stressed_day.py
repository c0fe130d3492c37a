"""A stressed day of RTS-GMLC as a case folder: less room on the lines, and offers that were raised.

usage: python tools/stressed_day.py DEST

Made up, and recorded in the folder's case.toml: who owns the units and what two owners ask. The
grid, the load, the weather and the costs are the data's own; reference levels come from the costs.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cases import Case, read_case

DAY = "rts-gmlc/2020-07-27"
RATING = 0.7
"""Factor on the rating of every line."""
OWNERS = {
    "Pocket Power": ["207_CT_1", "207_CT_2", "301_CT_3", "301_CT_4", "302_CT_3", "302_CT_4"],
    "Careful Power": ["307_CT_1", "307_CT_2"],
}
"""Owners with a local position; every other unit belongs to its area."""
FACTORS = {"Pocket Power": 5.0, "Careful Power": 3.5}
"""What an owner asks for energy, as a multiple of what the data says its fuel costs."""


def stressed_day() -> Case:
    """RTS-GMLC's 27 July 2020 with lower ratings, two owners and what they ask."""
    case = read_case(DAY, owners="area", rating=RATING)
    owner_of = {unit: owner for owner, units in OWNERS.items() for unit in units}
    units, offers, owners = case.units, case.offers, case.owners
    owner = units["unit"].map(owner_of).fillna(units["owner"])
    factor = offers["unit"].map(owner_of).map(FACTORS).fillna(1.0)
    named = owners.reindex(range(len(owners) + len(OWNERS)))
    named.loc[len(owners) :, "owner"] = list(OWNERS)
    notes = [
        f"{name} owns {', '.join(OWNERS[name])} and asks {factor:g} times its cost"
        for name, factor in FACTORS.items()
    ]
    made_up = {**case.meta.imported, "made_up": notes}
    return case.replace(
        name=f"{case.meta.name}-stressed",
        imported=made_up,
        units=units.assign(owner=owner),
        owners=named.assign(parent=named["parent"].fillna("")),
        offers=offers.assign(price=offers["price"] * factor),
    )


def main(folder: str) -> None:
    case = stressed_day()
    case.write(Path(folder))
    print(f"{case.meta.name}, written to {folder}: every rating times {RATING:g}")
    for note in case.meta.imported["made_up"]:
        print(f"  {note}")


if __name__ == "__main__":
    main(sys.argv[1])
