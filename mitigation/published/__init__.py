"""A monitor's work on what a market published, without a grid and without clearing.

A published run (`cases.published_run`) or its case comes in. Out go the merit-order backcast with
its error, the residual demand of every owner, and the run with conduct tests and output gaps
against the published prices. Nothing here solves a market.
"""

from mitigation.published.backcast import Backcast, backcast
from mitigation.published.monitored import known_levels, monitored
from mitigation.published.residual import residual_by_owner

__all__ = ["Backcast", "backcast", "known_levels", "monitored", "residual_by_owner"]
