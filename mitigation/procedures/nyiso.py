"""NYISO's three runs: 1A as bid, 1B with every failing component at reference, 1C the result.

Source: NYISO Services Tariff, Attachment H (MST 23), automated procedure of the day-ahead market;
reference/mitigation.md section 1.4. Energy is tested on prices at any location and hour, start-up
and no-load (minimum generation) on the unit's guarantee payment of the day.
"""

from __future__ import annotations

from mitigation.impact.measure import measure
from mitigation.impact.verdicts import by_price_or_guarantee
from mitigation.slots import AssessedRun, Impact, Replacement

__all__ = ["three_runs"]


def three_runs(assessed: AssessedRun, replacement: Replacement) -> Impact:
    """Run 1B with all replacements made jointly; 1C is the result with what moved something.

    Without a failing component 1A stands. The counterfactual is always joint;
    ``mitigation.rerun.commitment`` says whether 1B and 1C commit anew, as the market does, or keep
    the commitment of 1A.
    """
    measured = measure(assessed, replacement, by_price_or_guarantee, mode="joint", label="1B")
    as_bid = {"pass": "1A", "run": assessed.run.id, "objective": assessed.run.objective}
    return measured.impact(result="1C", before=(as_bid,))
