"""Layouts by market: every module here with `LAYOUTS` gives some, found by itself.

A new market, or a layout that changed on a day, is one record more.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from cases.readers.published.layout import Kind, Layout

__all__ = ["layouts", "markets"]


@cache
def layouts(kind: Kind | None = None, market: str = "") -> tuple[Layout, ...]:
    """Return the layouts of a kind and a market (blank = all), in the order of their modules."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    found = (importlib.import_module(f"{__name__}.{name}").LAYOUTS for name in names)
    return tuple(
        layout
        for group in found
        for layout in group
        if kind in (None, layout.kind) and market in ("", layout.market)
    )


def markets() -> tuple[str, ...]:
    """Return the markets whose offers can be read."""
    return tuple(dict.fromkeys(layout.market for layout in layouts("offers")))
