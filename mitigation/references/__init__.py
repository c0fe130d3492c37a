"""Reference levels: what each component of an offer would have been under competition."""

from mitigation.references.curves import at_same_mw
from mitigation.references.levels import reference_levels
from mitigation.references.opportunity import last_hour_price, storage_values
from mitigation.references.statistics import central, fuel_adjusted, lowest_share

__all__ = [
    "at_same_mw",
    "central",
    "fuel_adjusted",
    "last_hour_price",
    "lowest_share",
    "reference_levels",
    "storage_values",
]
