"""Agreed reference levels must be about components that exist."""

from __future__ import annotations

from cases.checks.context import Context
from cases.files.convert import nearest

__all__ = ["check_reference_data"]

COMPONENTS = ("energy", "no_load", "startup", "shutdown")


def check_reference_data(context: Context) -> None:
    """Check the components named in `negotiated_references` and `reference_choices`."""
    products = context.tables["reserve_products"]["product"].tolist()
    known = [*COMPONENTS, *(f"reserve:{product}" for product in products)]
    for name in ("negotiated_references", "reference_choices"):
        for position, component in enumerate(context.tables[name]["component"].tolist()):
            if component not in ("", *known):
                message = f"component {component} is not known{nearest(component, known)}"
                context.fail(name, position, "component", "unknown_component", message)
