"""Runs written by hand from published five-bus results (mitigation.md A1, 9C, 9H)."""

import numpy as np
import pandas as pd

from cases import Case, RuleBook, Run

BUSES = ["A", "B", "C", "D", "E"]
LMP = {"A": 16.977359, "B": 26.384460, "C": 30.0, "D": 39.942736, "E": 10.0}
DFAX = {"A": 0.11195652, "B": 0.26289991, "C": 0.32091375, "D": 0.48045178, "E": 0.0}
SHADOW = 62.322042
MW = {
    "Alta": 40.0,
    "Park City": 170.0,
    "Solitude": 323.494846,
    "Sundance": 0.0,
    "Brighton": 466.505154,
}
OFFER = {"Alta": 14.0, "Park City": 15.0, "Solitude": 30.0, "Sundance": 40.0, "Brighton": 10.0}
P_MAX = {"Alta": 40.0, "Park City": 170.0, "Solitude": 520.0, "Sundance": 200.0, "Brighton": 600.0}
AT = {"Alta": "A", "Park City": "A", "Solitude": "C", "Sundance": "D", "Brighton": "E"}
OWNER = {
    "Alta": "Hill Power",
    "Park City": "Hill Power",
    "Solitude": "Canyon",
    "Sundance": "Mesa",
    "Brighton": "Lakes",
}
LOAD = {"B": 300.0, "C": 300.0, "D": 400.0}
FLOW = {
    "A-B": 249.716765,
    "A-D": 186.788389,
    "A-E": -226.505154,
    "B-C": -50.283235,
    "C-D": -26.788389,
    "D-E": -240.0,
}
REACTANCE = {
    "A-B": 0.0281,
    "A-D": 0.0304,
    "A-E": 0.0064,
    "B-C": 0.0108,
    "C-D": 0.0297,
    "D-E": 0.0297,
}
OBJECTIVE = 17479.8969
START = "2024-03-05T00:00:00-05:00"


def five_bus_case(start: str = START, intervals: int = 1, **meta: object) -> Case:
    header = {
        "name": "five buses",
        "timezone": "America/New_York",
        "start": start,
        "intervals": intervals,
        "reference": "E",
    }
    starts = pd.date_range(
        pd.Timestamp(start).tz_convert("America/New_York"), periods=intervals, freq="h"
    )
    rating = {line: np.nan for line in REACTANCE} | {"A-B": 400.0, "D-E": 240.0}
    return Case.build(
        header | meta,
        {
            "buses": pd.DataFrame(
                {
                    "bus": BUSES,
                    "zone": ["west", "east", "east", "east", "west"],
                    "kv": 230.0,
                    "x": [1.0, 3.0, 4.0, 3.0, 0.0],
                    "y": [2.0, 2.0, 1.0, 0.0, 0.0],
                }
            ),
            "branches": pd.DataFrame(
                {
                    "branch": list(REACTANCE),
                    "from_bus": [name[0] for name in REACTANCE],
                    "to_bus": [name[2] for name in REACTANCE],
                    "x": list(REACTANCE.values()),
                    "rating_mw": [rating[name] for name in REACTANCE],
                }
            ),
            "owners": pd.DataFrame({"owner": sorted(set(OWNER.values()))}),
            "units": pd.DataFrame(
                {
                    "unit": list(P_MAX),
                    "owner": [OWNER[u] for u in P_MAX],
                    "bus": [AT[u] for u in P_MAX],
                    "fuel": ["gas", "gas", "gas", "oil", "coal"],
                    "p_max": list(P_MAX.values()),
                }
            ),
            "offers": pd.DataFrame(
                {
                    "unit": list(P_MAX),
                    "segment": 1,
                    "mw": list(P_MAX.values()),
                    "price": [OFFER[u] for u in P_MAX],
                }
            ),
            "loads": pd.DataFrame({"load": [f"load {b}" for b in LOAD], "bus": list(LOAD)}),
            "demand": pd.DataFrame(
                {"interval_start": starts, **{f"load {b}": mw for b, mw in LOAD.items()}}
            ),
        },
    )


def five_bus_tables(case: Case) -> dict[str, pd.DataFrame]:
    """Every interval of the case carries the published single-interval result."""
    tables: dict[str, list[pd.DataFrame]] = {}
    for start, end in zip(case.interval_starts, case.interval_ends, strict=True):
        span = {"interval_start": start, "interval_end": end}
        prices = pd.DataFrame({**span, "bus": BUSES, "lmp": LMP.values(), "mec": 10.0, "mlc": 0.0})
        prices["zone"] = case.buses["zone"]
        prices["mcc"] = prices["lmp"] - 10.0
        mw = np.array(list(MW.values()))
        own = {
            "prices": prices,
            "dispatch": pd.DataFrame(
                {
                    **span,
                    "unit": list(MW),
                    "owner": [OWNER[u] for u in MW],
                    "bus": [AT[u] for u in MW],
                    "mw": mw,
                    "available_mw": list(P_MAX.values()),
                    "on": True,
                    "start": False,
                    "stop": False,
                    "cost": mw * np.array([OFFER[u] for u in MW]),
                }
            ),
            "constraints": pd.DataFrame(
                {
                    **span,
                    "constraint": ["D-E"],
                    "contingency": "",
                    "direction": "lower",
                    "limit_mw": 240.0,
                    "flow_mw": -240.0,
                    "shadow_price": SHADOW,
                    "penalty_mw": 0.0,
                }
            ),
            "flows": pd.DataFrame(
                {
                    "interval_start": start,
                    "branch": list(FLOW),
                    "flow_mw": list(FLOW.values()),
                    "rating_mw": case.branches["rating_mw"],
                }
            ),
            "load_awards": pd.DataFrame(
                {
                    **span,
                    "load": [f"load {b}" for b in LOAD],
                    "owner": "",
                    "bus": list(LOAD),
                    "mw": list(LOAD.values()),
                    "bid_mw": 0.0,
                }
            ),
            "price_terms": pd.DataFrame(
                {
                    "interval_start": start,
                    "bus": BUSES,
                    "constraint": "D-E",
                    "contingency": "",
                    "dfax": list(DFAX.values()),
                    "shadow_price": SHADOW,
                }
            ),
            "offers_used": case.offers.assign(interval_start=start, source="submitted"),
        }
        for name, table in own.items():
            tables.setdefault(name, []).append(table)
    return {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}


def make_run(case: Case, tables: dict[str, pd.DataFrame], **manifest: object) -> Run:
    given = {
        "objective": OBJECTIVE * case.meta.intervals,
        "gap": 0.0,
        "status": "optimal",
        "settings": {"commitment": False, "security": "none", "reference": "E"},
        "created": "2024-03-05T12:00:00+00:00",
        "code_version": "test",
    }
    return Run(given | manifest, tables, case, RuleBook.load("default"))
