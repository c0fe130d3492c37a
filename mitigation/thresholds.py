"""How far above its reference an offer, or a price, may lie."""

from __future__ import annotations

import numpy as np

from cases.rulebook_mitigation import Threshold
from mitigation.pivotal import Floats


def margin_above(reference: Floats, rule: Threshold) -> Floats:
    """Money per MWh by which a reference may be exceeded under a threshold.

    ``increase``: ``min(percent of |reference|, absolute)``. ``multiple``: up to
    ``min(percent / 100 * reference, reference + absolute)``; where the reference is not above zero
    a multiple of it has no meaning and only the absolute part holds.
    """
    reference = np.asarray(reference, dtype=float)
    share = rule.percent / 100
    if rule.limit_kind == "increase":
        relative = np.where(reference == 0, np.inf, share * np.abs(reference))
    else:
        relative = np.where(reference > 0, (share - 1) * reference, np.inf)
    return np.minimum(relative, rule.absolute)
