"""Modules that are loaded when something in them is first asked for.

Importing this one makes those in `LATER` such. Pyomo imports parts of scipy that nothing here uses,
statistics above all, as soon as both it and scipy are there; graphs are walked by few commands.
Together they would be a third of what starting a command costs.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any

__all__ = ["LATER", "lazily"]

LATER = ("networkx", "scipy.integrate", "scipy.spatial", "scipy.stats")


def lazily(*names: str) -> None:
    """Let modules be imported without being loaded, by whatever imports them later.

    Modules that are loaded already stay as they are; what uses the others gets them whole.
    """
    for name in names:
        spec = None if name in sys.modules else importlib.util.find_spec(name)
        if spec is not None:
            module = _Later(name)
            module.__spec__, module.__file__ = spec, spec.origin
            module.__path__ = list(spec.submodule_search_locations or ())
            sys.modules[name] = module


class _Later(ModuleType):
    """Stands for a module until an attribute of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__all__":
            raise AttributeError(name)
        own = self.__name__
        if sys.modules.get(own) is self:
            del sys.modules[own]
        return getattr(importlib.import_module(own), name)


lazily(*LATER)
