"""Southmark, which does not exist: a market with an order of tests of its own.

Who supplies more than a share of an hour's output is dominant. The offers of a dominant owner count
at no more than their reference and a margin, where that moves a price. Both numbers are keys of the
rulebook, ``own_market.toml``.
"""

import pandas as pd

from counterflow.mitigation import AssessedRun, Replacement, Subjects, register, register_profile

AT = ["unit", "interval_start"]


@register("subject", "dominant_owner", reads=("mitigation.own.dominant_share",))
def dominant_owner(assessed: AssessedRun) -> Subjects:
    """Offers above their limit whose owner supplies more than a share of the hour's output."""
    most = float(assessed.rules.own["dominant_share"])
    output = assessed.run.dispatch.assign(owner=lambda rows: rows["unit"].map(assessed.owner_of))
    owned = output.groupby(["interval_start", "owner"], as_index=False)["mw"].sum()
    total = owned.groupby("interval_start")["mw"].transform("sum")
    dominant = owned[owned["mw"] > most * total]
    cells = output.merge(dominant[["interval_start", "owner"]], on=["interval_start", "owner"])
    inside = pd.MultiIndex.from_frame(assessed.failing[AT]).isin(
        pd.MultiIndex.from_frame(cells[AT])
    )
    small = assessed.failing[~inside].assign(note="its owner is not dominant: not tested")
    return Subjects(
        assessed.failing[inside],
        details=small[[*AT, "component", "note"]],
        events=({"pass": "dominance", "owners": sorted(dominant["owner"].unique())},),
    )


@register("replacement", "reference_and_margin", reads=("mitigation.own.margin",))
def reference_and_margin(assessed: AssessedRun, subjects: Subjects) -> Replacement:
    """The lower of the offer and its reference plus a margin, at the same MW."""
    levels = assessed.levels
    price = levels["price"] + float(assessed.rules.own["margin"])
    energy = levels["component"] == "energy"
    return Replacement(subjects.keys, levels.assign(price=price.where(energy, levels["price"])))


register_profile(
    "southmark",
    subject="dominant_owner",
    replacement="reference_and_margin",
    impact="price",
    apply="rerun",
)
