"""Units that a case declares for its columns.

`case.toml` may hold a table `[units]` that names the unit of any column, `units.ramp_up = "MW/h"`
or, for a wide table, `demand = "MW"`. Anything but the schema's unit is a failure: Counterflow
never converts, and never takes kW or MW/min for what it expects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cases.errors import Failure
from cases.files.convert import nearest
from cases.tables.columns import Column
from cases.tables.schema import CASE_TABLES

__all__ = ["check_units"]

_ALIASES = {
    "p.u.": {"pu", "per unit"},
    "degree": {"deg", "degrees", "°"},
    "h": {"hour", "hours"},
    "min": {"minute", "minutes"},
    "": {"1", "-", "none"},
}


def check_units(units: Any, currency: str, failures: list[Failure]) -> None:
    """Append a failure for every declared unit that is not the schema's."""

    def fail(column: str, rule: str, message: str) -> None:
        failures.append(Failure("case.toml", None, column, rule, message))

    if not isinstance(units, Mapping):
        fail("units", "unit", "must be a table that names the unit of table.column")
        return
    for name, declared in units.items():
        table = CASE_TABLES.get(name)
        if table is None:
            hint = nearest(name, CASE_TABLES)
            fail(f"units.{name}", "unknown_table", f"there is no such table{hint}")
        elif table.value is not None:
            _check(f"units.{name}", declared, table.value, currency, fail)
        elif not isinstance(declared, Mapping):
            fail(f"units.{name}", "unit", 'must name columns, such as units.ramp_up = "MW/h"')
        else:
            for column, unit in declared.items():
                if column in table.names:
                    place = f"units.{name}.{column}"
                    _check(place, unit, table.column(column), currency, fail)
                else:
                    hint = nearest(column, table.names)
                    message = f"{name} has no such column{hint}"
                    fail(f"units.{name}.{column}", "unknown_column", message)


def _check(place: str, declared: Any, column: Column, currency: str, fail: Any) -> None:
    unit = column.unit.replace("money", currency)
    known = {unit, column.unit, *_ALIASES.get(unit, ())}
    if not isinstance(declared, str) or declared.strip() not in known:
        fail(place, "unit", f"the unit must be {unit or 'none'}, not {declared}; convert the data")
