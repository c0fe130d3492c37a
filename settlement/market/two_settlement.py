"""Two settlements: day-ahead MW at day-ahead prices, real-time deviations at real-time prices.

Holds for generation, load, virtuals, storage and reserves. A day-ahead line is MWh x LMP at the
bus; a real-time line is (real-time MWh - day-ahead MWh) x real-time LMP. The operator's lines of
an interval are what remains and why: congestion rent by constraint, loss surplus, energy that was
charged but not supplied, and the rounding of the lines themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from cases.errors import CheckFailed
from cases.run import Run
from settlement.ledger.frames import grouped, items, records
from settlement.ledger.ledger import Ledger
from settlement.ledger.money import exact
from settlement.market.rent import congestion_rent, loss_surplus

__all__ = ["Market", "settle_energy", "settle_reserves"]


@dataclass(frozen=True)
class Market:
    """One of the two settlements: its run, the positions that it settles, and its item names.

    `losses` are what the run loses at its buses (`lost_at_buses`), or its deviation from the day
    ahead; they are no lines, but part of what flows through constraints.
    """

    run: Run
    positions: pd.DataFrame
    losses: pd.DataFrame
    suffix: str = ""

    @property
    def words(self) -> str:
        """How its rules are called in statement lines."""
        return "real-time deviation" if self.suffix else "day-ahead schedule"


def settle_energy(ledger: Ledger, market: Market) -> None:
    """Energy lines of all positions and the operator's lines that close every interval.

    Raises
    ------
    CheckFailed
        If an interval does not close within what rounding explains: the prices, the price terms
        and the dispatch do not belong together.
    """
    own = Ledger.like(ledger)
    table = market.positions.merge(
        market.run.prices[["interval_start", "bus", "lmp"]],
        on=["interval_start", "bus"],
        how="left",
    )
    table["quantity"] = table["mw"] * table["hours"]
    table = table.rename(columns={"lmp": "price"})
    table = _at_points(table)
    links = table["kind"] == "link"
    own.priced(table[~links], f"energy{market.suffix}", f"{market.words}: MWh x LMP")
    own.priced(table[links], f"link_rent{market.suffix}", f"{market.words} of a link: MWh x LMP")
    _rent(own, market)
    _losses(own, market)
    _close(own, market)
    ledger.take(own)


def _at_points(table: pd.DataFrame) -> pd.DataFrame:
    """Positions at the buses of one hub or zone as one, at the price of the hub or zone."""
    spread = table["point"] != table["bus"]
    if not spread.any():
        return table
    key = ["kind", "owner", "subject", "point", "interval_start"]
    parts = table[spread].assign(worth=table["quantity"] * table["price"])
    whole = parts.groupby(key, sort=False)[["quantity", "worth"]].sum(skipna=False).reset_index()
    whole["price"] = whole["worth"] / whole["quantity"]
    return pd.concat([table[~spread], whole], ignore_index=True)


def _rent(ledger: Ledger, market: Market) -> None:
    moved = pd.concat([market.positions, market.losses]) if len(market.losses) else market.positions
    rent = congestion_rent(moved, market.run)
    subjects = rent["constraint"].where(
        rent["contingency"] == "", rent["constraint"] + " | " + rent["contingency"]
    )
    ledger.priced(
        rent.assign(owner=ledger.operator, subject=subjects),
        f"congestion_rent{market.suffix}",
        f"{market.words}: MWh over the limit x shadow price",
    )


def _losses(ledger: Ledger, market: Market) -> None:
    """The surplus for losses, or without losses the money for energy that nobody supplied."""
    surplus = loss_surplus(market.positions, market.run.prices, market.losses)
    if market.run.prices["mlc"].fillna(0.0).any():
        subject, item = "losses", f"loss_surplus{market.suffix}"
        rule = f"{market.words}: marginal loss charges less the energy lost; price is the mean"
    else:
        slacks = market.run.slacks
        short = slacks[(slacks["kind"] == "balance") & (slacks["mw"] != 0)]["interval_start"]
        surplus = surplus[surplus["interval_start"].isin(short)]
        subject, item = "balance", f"unserved_energy{market.suffix}"
        rule = f"{market.words}: charged to loads but not supplied; price is the mean"
    for row in records(surplus):
        quantity = ledger.quantity(row["quantity"])
        if quantity:
            rate = ledger.price(row["surplus"] / row["quantity"])
        else:
            quantity, rate = Decimal(1), ledger.price(ledger.money(exact(row["surplus"])))
        amount = ledger.money(quantity * rate)
        if amount == 0 and not row["quantity"]:
            continue
        ledger.add(
            ledger.operator, subject, row["interval_start"], item, quantity, rate, amount, rule
        )


def _close(ledger: Ledger, market: Market) -> None:
    """The rounding line of every interval, and the check that it is no more than rounding."""
    failures = []
    lines, sizes, volumes = (
        ledger.sums("interval_start", of=of) for of in ("count", "size", "volume")
    )
    for key, residue in sorted(ledger.sums("interval_start").items()):
        at, size, volume = key[0], sizes[key], volumes[key]
        # Half a unit per line, prices given to 1e-6, and the solver's relative tolerance.
        allowed = lines[key] * ledger.money_unit + volume * Decimal("1e-5") + size * Decimal("1e-6")
        if abs(residue) > allowed:
            failures.append(
                f"the {market.words} money from {at.isoformat()} does not close: "
                f"{residue} is left of a turnover of {size}"
            )
        elif residue != 0:
            ledger.add(
                ledger.operator,
                "rounding",
                at,
                "rounding",
                Decimal(1),
                -residue,
                -residue,
                "what rounding each line leaves",
            )
    if failures:
        raise CheckFailed(failures)


def settle_reserves(
    ledger: Ledger, market: Market, awards: pd.DataFrame, loads: pd.DataFrame
) -> None:
    """Reserve awards at reserve prices, charged to loads of the same interval by load ratio.

    Parameters
    ----------
    ledger
        Where the lines go.
    market
        The settlement that they belong to.
    awards
        Awards or deviations from them, with prices (`reserve_awards`, `reserve_deviations`).
    loads
        Positions of the loads that pay.
    """
    shares = _load_shares(loads)
    for (at, product), rows in grouped(awards, ["interval_start", "product"]):
        own = Ledger.like(ledger)
        own.priced(
            rows.assign(quantity=rows["mw"] * rows["hours"]),
            f"reserve{market.suffix}",
            f"{market.words}: MW of {product} x hours x reserve price",
        )
        total = own.total()
        ledger.take(own)
        if at in shares:
            ledger.share(
                -total,
                shares[at],
                str(product),
                at,
                f"reserve_charge{market.suffix}",
                "reserve cost by load ratio",
            )
        elif total:
            ledger.add(
                ledger.operator,
                str(product),
                at,
                f"reserve_charge{market.suffix}",
                Decimal(1),
                -total,
                -total,
                "reserve cost borne by the operator, because there is no load to charge",
            )


def _load_shares(loads: pd.DataFrame) -> dict[pd.Timestamp, dict[str, float]]:
    """MWh that each owner takes, by interval."""
    rows = loads[(loads["kind"] == "load") & (loads["mw"] < 0)]
    sums = (-rows["mw"] * rows["hours"]).groupby([rows["interval_start"], rows["owner"]]).sum()
    shares: dict[pd.Timestamp, dict[str, float]] = {}
    for (at, owner), mwh in items(sums):
        shares.setdefault(at, {})[str(owner)] = float(mwh)
    return shares
