"""NYISO's three runs: 1A as bid, 1B with every failing component at reference, 1C the result.

Source: NYISO Services Tariff, Attachment H (MST 23), automated procedure of the day-ahead market;
reference/mitigation.md section 1.4. Energy is tested on prices at any location and hour, start-up
and no-load (minimum generation) on the unit's guarantee payment of the day.
"""

from __future__ import annotations

from mitigation.impact.measure import finished, measure
from mitigation.impact.subject import Outcome, Subject, registered

__all__ = ["three_runs"]


@registered("nyiso")
def three_runs(subject: Subject) -> Outcome:
    """Run 1B with all failing components jointly at reference, and 1C with what failed both.

    Without a failing component 1A stands. The counterfactual is joint, whatever
    ``mitigation.impact.mode`` says; ``mitigation.rerun.commitment`` says whether 1B and 1C commit
    anew, as the market does, or keep the commitment of 1A.
    """
    measured = measure(subject, "joint", label="1B")
    found = finished(subject, measured, measured.mitigated, label="1C")
    as_bid = {"pass": "1A", "run": subject.run.id, "objective": subject.run.objective}
    found.events.insert(0, as_bid)
    return found
