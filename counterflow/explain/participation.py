"""How the offers of the marginal resources make up a price: one small linear system.

At an optimum every resource strictly inside a block is indifferent:

    offer_m = lambda_i + sum_k mu_k * dfax_km - rho_mt + rho_m,t+1        (one equation per m, t)

with lambda_i the energy price of its island, mu_k the shadow price of binding limit k and rho the
price of a binding ramp limit of that resource. A limit held at its penalty adds mu_k = penalty.
Written A x = c, the price at a bus is a' x, and where A determines it

    lmp = a' x = p' c    with    A' p = a:

p are the unit participation factors, d lmp / d offer (mitigation.md, section 7.1).
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Row = Mapping[Hashable, float]


@dataclass(frozen=True)
class Participation:
    """Factors by equation label; `reason` says why there are none when `determined` is False."""

    determined: bool
    reason: str
    factors: Mapping[Hashable, float]


@dataclass
class Indifference:
    """Equations ``sum_j row[j] * x_j = price``, each with the label of its resource."""

    labels: list[Hashable] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    prices: list[float] = field(default_factory=list)

    def add(self, label: Hashable, row: Row, price: float) -> None:
        """Add one resource's equation; coefficients of zero are dropped."""
        self.labels.append(label)
        self.rows.append({name: value for name, value in row.items() if value != 0.0})
        self.prices.append(price)

    def reached_from(self, target: Row) -> list[int]:
        """Equations that share an unknown with `target`, directly or through others."""
        holders: dict[Hashable, list[int]] = {}
        for number, row in enumerate(self.rows):
            for name in row:
                holders.setdefault(name, []).append(number)
        seen: set[int] = set()
        names = set(target)
        front = list(names)
        while front:
            for number in holders.get(front.pop(), ()):
                if number not in seen:
                    seen.add(number)
                    new = set(self.rows[number]) - names
                    names |= new
                    front.extend(new)
        return sorted(seen)


def participation(
    system: Indifference, target: Row, price: float, *, tolerance: float = 1e-6
) -> Participation:
    """Solve ``A' p = a`` for the resources that make up the price `target` (= a).

    Parameters
    ----------
    system
        The indifference equations of the marginal resources and of limits at their penalty.
    target
        The price as a combination of the unknowns: 1 for the island's energy price, the bus's
        DFAX for each binding limit.
    price
        The price itself (money per MWh), against which the result is checked.
    tolerance
        Of the check, relative to the larger of one and the price.

    Returns
    -------
    Participation
        Not determined, with the reason, when the marginal resources are too few or too many for
        the binding limits (a degenerate optimum), or do not reproduce the price.
    """
    wanted = {name: value for name, value in target.items() if value != 0.0}
    used = system.reached_from(wanted)
    unknowns = list(dict.fromkeys([*wanted, *(n for i in used for n in system.rows[i])]))
    if not used:
        return Participation(
            False, "no resource is strictly inside a block: the price lies between two offers", {}
        )
    if len(used) > len(unknowns):
        return Participation(False, _many(len(used), len(unknowns)), {})
    at = {name: position for position, name in enumerate(unknowns)}
    matrix: NDArray[Any] = np.zeros((len(used), len(unknowns)))
    for i, number in enumerate(used):
        for name, value in system.rows[number].items():
            matrix[i, at[name]] = value
    right = np.zeros(len(unknowns))
    for name, value in wanted.items():
        right[at[name]] = value
    factors, _, rank, _ = np.linalg.lstsq(matrix.T, right, rcond=1e-10)
    if rank < len(used):
        return Participation(False, _many(len(used), int(rank)), {})
    if np.abs(matrix.T @ factors - right).max() > 1e-7 * max(1.0, np.abs(right).max()):
        return Participation(
            False,
            f"{len(used)} marginal resources for {len(unknowns)} prices that they would have to "
            "set: the optimum is degenerate and this price also rests on a limit of a unit",
            {},
        )
    costs = np.array([system.prices[i] for i in used])
    made = float(factors @ costs)
    if abs(made - price) > tolerance * max(1.0, abs(price)):
        return Participation(
            False, f"the marginal offers make up {made:.6f}, not the price {price:.6f}", {}
        )
    found = {system.labels[i]: float(f) for i, f in zip(used, factors, strict=True)}
    return Participation(True, "", found)


def _many(resources: int, independent: int) -> str:
    return (
        f"{resources} resources are strictly inside their blocks where {independent} would set "
        "the prices: equal offers share the margin, so the coefficients are not unique"
    )
