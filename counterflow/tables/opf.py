"""The value of an optimal power flow as it is published: constant costs included."""

from __future__ import annotations

from dataclasses import dataclass

from cases import Run

__all__ = ["OpfValue", "opf_value"]


@dataclass(frozen=True)
class OpfValue:
    """Money over all intervals: `objective` of the dispatch, `constants` of the units, `total`."""

    objective: float
    constants: float

    @property
    def total(self) -> float:
        """What a published table calls the cost or objective."""
        return self.objective + self.constants


def opf_value(run: Run) -> OpfValue:
    """The objective of a run with what its units cost at any output.

    A cost curve's constant (MATPOWER's c0) is a no-load offer here, which a commitment pays and a
    dispatch of all units does not; published optimal power flows count it for every unit in
    service. In a run with a commitment it is in the objective already.
    """
    if run.settings.get("commitment"):
        return OpfValue(run.objective, 0.0)
    offers = run.case.tables["commitment_offers"]
    no_load = offers[offers["component"] == "no_load"].groupby("unit")["price"].sum()
    hours = run.case.meta.interval_minutes / 60.0
    on = run.dispatch[run.dispatch["on"]]
    return OpfValue(run.objective, float(on["unit"].map(no_load).fillna(0.0).sum()) * hours)
