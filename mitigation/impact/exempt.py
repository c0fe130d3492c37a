"""What is replaced without an impact test: conduct above a threshold of an area that asks for none.

Source: ISO-NE Market Rule 1, appendix A, III.A.5.5.6: units committed for reliability.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from mitigation.conduct import conduct_tests
from mitigation.conduct.conduct import failing_components
from mitigation.keys import KEY
from mitigation.slots.assessed import AssessedRun
from mitigation.slots.parts import among

__all__ = ["without_impact_test"]


def without_impact_test(assessed: AssessedRun, keys: pd.DataFrame) -> pd.DataFrame:
    """Give those keys that fail a conduct threshold of an area without an impact test: KEY."""
    rules, areas = assessed.rules, assessed.areas
    chosen = {name: area for name, area in areas.rules.items() if not area.impact.test}
    if not chosen or keys.empty:
        return keys[KEY].head(0)
    case = assessed.run.case
    nobody = np.zeros((len(case.interval_starts), len(case.units)), dtype=bool)
    tests = conduct_tests(
        case,
        assessed.levels,
        rules.model_copy(update={"areas": chosen}),
        offers=assessed.run.offers_used,
        areas=replace(areas, rules=chosen),
        general=nobody,
    )
    return keys.loc[among(keys, failing_components(tests, case)), KEY].reset_index(drop=True)
