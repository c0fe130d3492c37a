"""Physical withholding: capacity that is there and is not made available to the market."""

from mitigation.withholding.penalty import withholding_penalties
from mitigation.withholding.quantities import held_back
from mitigation.withholding.rates import withholding_rates
from mitigation.withholding.screens import screen_withholding

__all__ = ["held_back", "screen_withholding", "withholding_penalties", "withholding_rates"]
