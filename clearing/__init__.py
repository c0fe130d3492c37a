"""Clearing: Pyomo models solved by HiGHS, security on the grid, prices, a solver-free validator."""

from cases.run import models_by
from clearing.clear import clear, local_rerun, reclear, recommit
from clearing.day.day import Day
from clearing.extended import extension_of
from clearing.local import LocalPair, LocalRerun
from clearing.reopened import model_of
from clearing.validation.validate import validate

__all__ = [
    "Day",
    "LocalPair",
    "LocalRerun",
    "clear",
    "extension_of",
    "local_rerun",
    "reclear",
    "recommit",
    "validate",
]

models_by(model_of)
