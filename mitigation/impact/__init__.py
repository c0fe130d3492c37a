"""The impact test: what the market would have been with reference levels in place of offers."""

from mitigation.again.rerun import EngineRerun, Rerun
from mitigation.impact.counterfactual import Counterfactual, counterfactuals
from mitigation.impact.guarantee import guarantee_impact
from mitigation.impact.price import price_impact, reserve_impact, zone_impact

__all__ = [
    "Counterfactual",
    "EngineRerun",
    "Rerun",
    "counterfactuals",
    "guarantee_impact",
    "price_impact",
    "reserve_impact",
    "zone_impact",
]
