"""A stressed day of RTS-GMLC as a case folder: less room on the lines, and offers that were raised.

usage: python tools/stressed_day.py DEST

Made up, and recorded in the folder's case.toml: the ratings, who owns the units, and what two
owners ask. The grid, the load, the weather and the costs are the data's own; reference levels come
from the costs.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from cases import Case, DataWarning, read_case

DAY = "rts-gmlc/2020-07-27"
RATING = 0.7
"""Factor on the rating of every line."""
OWNERS = {
    "Pocket Power": ["207_CT_1", "207_CT_2"],
    "Careful Power": ["307_CT_1", "307_CT_2"],
}
"""Owners of gas turbines behind lines that bind; every other unit belongs to its area."""
FACTORS = {"Pocket Power": 5.0, "Careful Power": 3.5}
"""What an owner asks for energy, as a multiple of its cost in the data."""


def stressed_day() -> Case:
    """RTS-GMLC's 27 July 2020 with lower ratings, two more owners and what they ask."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        case = read_case(DAY, owners="area", rating=RATING)
        owner_of = {unit: owner for owner, units in OWNERS.items() for unit in units}
        units, offers, owners = case.units, case.offers, case.owners
        owner = units["unit"].map(owner_of).fillna(units["owner"])
        factor = offers["unit"].map(owner_of).map(FACTORS).fillna(1.0)
        named = owners.reindex(range(len(owners) + len(OWNERS)))
        named.loc[len(owners) :, "owner"] = list(OWNERS)
        return case.replace(
            name=f"{case.meta.name}-stressed",
            imported={**case.meta.imported, "made_up": made_up()},
            units=units.assign(owner=owner),
            owners=named.assign(parent=named["parent"].fillna("")),
            offers=offers.assign(price=offers["price"] * factor),
        )


def made_up() -> list[str]:
    """What is not in the data, in sentences."""
    return [
        f"the rating of every line is {RATING:g} times that of the data",
        *(
            f"{owner} owns {' and '.join(units)} and asks {FACTORS[owner]:g} times their cost"
            for owner, units in OWNERS.items()
        ),
        "every other unit belongs to its area and asks its cost",
    ]


def main(folder: str) -> None:
    """Write the case and say what was made up."""
    case = stressed_day()
    case.write(Path(folder))
    print(f"{case.meta.name}, written to {folder}. Made up, and recorded in its case.toml:")
    for note in made_up():
        print(f"- {note}")


if __name__ == "__main__":
    main(sys.argv[1])
