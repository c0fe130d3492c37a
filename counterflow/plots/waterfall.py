"""Settlement waterfall: where the money of a day comes from and where it goes."""

from __future__ import annotations

from decimal import Decimal

import plotly.graph_objects as go

from counterflow.plots.style import ALERT, MUTED, SEQUENCE, dressed
from settlement import Statement

__all__ = ["settlement_waterfall"]

_PARTS = {
    "energy": "energy",
    "congestion": "congestion",
    "losses": "losses",
    "reserves": "reserves",
    "uplift": "uplift",
    "contracts": "contracts",
    "futures": "futures",
    "rights": "rights",
    "rounding": "rounding",
}


def settlement_waterfall(statement: Statement, owner: str | None = None) -> go.Figure:
    """Waterfall of a whole settlement, or of one owner.

    Without an owner: from what loads and other withdrawals pay for energy, less what generation
    receives, to what the operator keeps (congestion rent, link rent, losses) after rights holders.
    With one: its energy, congestion, losses, reserves, uplift, contracts, futures and rights, up to
    its total.

    Returns
    -------
    plotly.graph_objects.Figure
        One waterfall trace in the currency of the case; a step that is zero is left out.

    Raises
    ------
    InputError
        If the owner has no line.
    """
    steps = _owner_steps(statement, owner) if owner is not None else _market_steps(statement)
    shown = [(name, value) for name, value in steps if value != 0]
    total = sum((value for _, value in shown), Decimal(0))
    end = "operator keeps" if owner is None else "total"
    currency = statement.currency
    figure = go.Figure(
        go.Waterfall(
            x=[name for name, _ in shown] + [end],
            y=[float(value) for _, value in shown] + [float(total)],
            measure=["relative"] * len(shown) + ["total"],
            text=[f"{float(value):+,.2f}" for _, value in shown] + [f"{float(total):,.2f}"],
            textposition="outside",
            connector={"line": {"color": MUTED, "width": 1}},
            increasing={"marker": {"color": SEQUENCE[0]}},
            decreasing={"marker": {"color": ALERT}},
            totals={"marker": {"color": MUTED}},
            hovertemplate=f"%{{x}}: %{{text}} {currency}<extra></extra>",
        )
    )
    who = "all owners" if owner is None else owner
    name, version = statement.manifest["name"], statement.manifest["version"]
    dressed(figure, f"Settlement of {who} ({currency})", f"{name}, {version}")
    figure.update_yaxes(title=f"money ({currency})")
    figure.update_layout(showlegend=False)
    return figure


def _owner_steps(statement: Statement, owner: str) -> list[tuple[str, Decimal]]:
    statement.of(owner)
    row = statement.balance[statement.balance["owner"] == owner]
    return [(name, row[column].iloc[0]) for column, name in _PARTS.items()]


def _market_steps(statement: Statement) -> list[tuple[str, Decimal]]:
    """What withdrawals pay, less what everybody else but the operator receives."""
    money = statement.reconciliation
    operator = statement.manifest["operator"]
    others = statement.lines[statement.lines["owner"] != operator]

    def received(*items: str) -> Decimal:
        return sum(others["amount"][others["item"].isin(items)], Decimal(0))

    return [
        ("loads pay", sum(money["load_payment"], Decimal(0))),
        ("generation", -sum(money["generation_revenue"], Decimal(0))),
        ("real-time deviations", -received("energy_deviation")),
        ("reserves", -received("reserve", "reserve_deviation")),
        ("reserve charges", -received("reserve_charge", "reserve_charge_deviation")),
        ("uplift", -received("uplift")),
        ("uplift charges", -received("uplift_charge")),
        ("futures", -received("futures", "time_value")),
        ("rights holders", -received("right", "right_shortfall")),
    ]
