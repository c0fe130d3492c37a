"""The monthly auction: price differences of sellers and buyers matched, one spread for all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cases.errors import Failure, InputError
from cases.rulebook.guangdong import MonthlyAuctionRules
from mitigation.guangdong.declarations import check_declarations, require
from mitigation.guangdong.shares import cut_to, price_setters

__all__ = ["MonthlyAuction", "clear_month", "supply_demand_ratio"]

_NOTHING = 1e-9
SALES_COMPANY = "sales_company"


@dataclass(frozen=True, eq=False)
class MonthlyAuction:
    """A cleared monthly auction.

    Attributes
    ----------
    spread
        The uniform spread, money per MWh against the base tariff; NaN where there is none.
    reason
        Why there is no spread; blank where there is one.
    unrestricted_spread
        What it would be if every matched offer could set it.
    matched_mwh
        Volume sold, equal to the volume bought.
    offers, bids
        seller or buyer, segment, declared_mwh, mwh (after caps), spread, cleared_mwh; offers also
        group and price_setter.
    groups
        :func:`mitigation.guangdong.shares.price_setters`.
    cuts
        What caps took away: cap (energy_cap, group, sales_company), subject, declared_mwh,
        limit_mwh, cut_mwh.
    supply_demand_ratio
        Effective supply (offers after caps) over demand.
    """

    spread: float
    reason: str
    unrestricted_spread: float
    matched_mwh: float
    offers: pd.DataFrame
    bids: pd.DataFrame
    groups: pd.DataFrame
    cuts: pd.DataFrame
    supply_demand_ratio: float


def clear_month(
    sellers: pd.DataFrame,
    offers: pd.DataFrame,
    buyers: pd.DataFrame,
    bids: pd.DataFrame,
    rules: MonthlyAuctionRules,
    *,
    volume_mwh: float | None = None,
    energy_caps: pd.DataFrame | None = None,
) -> MonthlyAuction:
    """Clear a monthly auction of price differences.

    Sellers from the lowest spread and buyers from the highest are matched as long as a buyer's
    spread is not below the seller's; at the margin equal spreads share in proportion to their
    volume. The spread is that of the last matched pair by ``rules.price``, the seller's taken over
    those who may set it: offers of excluded groups clear as quantity.

    Parameters
    ----------
    sellers
        seller, group, capacity_mw.
    offers
        seller, segment, mwh, spread (money per MWh; a discount is negative).
    buyers
        buyer, kind (user, sales_company), investor (blank: stands alone).
    bids
        buyer, segment, mwh, spread.
    rules
        ``rulebook.mitigation.monthly_auction``.
    volume_mwh
        The announced volume of the auction, of which shares are counted and beyond which nothing
        is matched; default: the volume that buyers declare, without a limit.
    energy_caps
        seller, cap_mwh: such as :func:`mitigation.guangdong.hours.hours_caps`.

    Raises
    ------
    InputError
        Everything that is wrong with the tables or with the form of declarations.

    Source: the article, section on Guangdong; reference section 6.
    """
    _check(sellers, offers, buyers, bids, rules, volume_mwh)
    announced = float(bids["mwh"].sum()) if volume_mwh is None else float(volume_mwh)
    groups = price_setters(sellers, offers, rules.price_setter.largest_groups)
    supply, demand, cuts = _capped(sellers, offers, buyers, bids, rules, announced, energy_caps)
    excluded = set(groups.loc[groups["excluded"], "group"])
    supply["price_setter"] = ~supply["group"].isin(excluded)
    most = np.inf if volume_mwh is None else announced
    matched = _matched(supply, demand, most)
    supply["cleared_mwh"] = _cleared(supply, matched, rising=True)
    demand["cleared_mwh"] = _cleared(demand, matched, rising=False)
    spread, reason = _spread(supply[supply["price_setter"]], demand, rules.price)
    unrestricted, _ = _spread(supply, demand, rules.price)
    if reason and matched > _NOTHING:
        reason = "every matched seller is excluded from setting the spread"
    columns = ["segment", "declared_mwh", "mwh", "spread", "cleared_mwh"]
    return MonthlyAuction(
        spread=spread,
        reason=reason,
        unrestricted_spread=unrestricted,
        matched_mwh=matched,
        offers=supply[["seller", "group", *columns, "price_setter"]],
        bids=demand[["buyer", *columns]],
        groups=groups,
        cuts=cuts,
        supply_demand_ratio=supply_demand_ratio(
            float(supply["mwh"].sum()),
            float(demand["mwh"].sum()) if volume_mwh is None else announced,
        ),
    )


def supply_demand_ratio(supply_mwh: float, demand_mwh: float) -> float:
    """Effective supply over demand, both MWh; NaN where nothing is demanded."""
    return supply_mwh / demand_mwh if demand_mwh > 0 else float("nan")


def _check(
    sellers: pd.DataFrame,
    offers: pd.DataFrame,
    buyers: pd.DataFrame,
    bids: pd.DataFrame,
    rules: MonthlyAuctionRules,
    volume_mwh: float | None,
) -> None:
    require("sellers", sellers, ["seller", "group", "capacity_mw"])
    require("offers", offers, ["seller", "segment", "mwh", "spread"])
    require("buyers", buyers, ["buyer", "kind", "investor"])
    require("bids", bids, ["buyer", "segment", "mwh", "spread"])
    failures = [
        *check_declarations("offers", offers, "seller", sellers["seller"], rules.offer_form),
        *check_declarations("bids", bids, "buyer", buyers["buyer"], rules.offer_form),
    ]
    for name, table, who in (("sellers", sellers, "seller"), ("buyers", buyers, "buyer")):
        again = table.duplicated(who).to_numpy()
        failures += [
            Failure(name, int(row) + 2, who, "twice", f"{table[who].iloc[row]} is there already")
            for row in np.flatnonzero(again)
        ]
    small = ~(sellers["capacity_mw"].to_numpy(dtype=float) > 0)
    failures += [
        Failure("sellers", int(row) + 2, "capacity_mw", "positive", "must be above zero")
        for row in np.flatnonzero(small)
    ]
    kinds = buyers["kind"].isin(["user", SALES_COMPANY]).to_numpy()
    failures += [
        Failure("buyers", int(row) + 2, "kind", "kind", "must be user or sales_company")
        for row in np.flatnonzero(~kinds)
    ]
    if volume_mwh is not None and not 0 < volume_mwh < np.inf:
        failures.append(
            Failure("", None, "volume_mwh", "positive", f"must be above zero, not {volume_mwh}")
        )
    if failures:
        raise InputError(failures)


def _capped(
    sellers: pd.DataFrame,
    offers: pd.DataFrame,
    buyers: pd.DataFrame,
    bids: pd.DataFrame,
    rules: MonthlyAuctionRules,
    announced: float,
    energy_caps: pd.DataFrame | None,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Offers and bids after energy caps and share caps, and what these took away."""
    group = sellers.set_index("seller")["group"]
    supply = offers.reset_index(drop=True).assign(declared_mwh=offers["mwh"].to_numpy(dtype=float))
    supply["mwh"] = supply["mwh"].astype(float)
    own = supply["seller"].map(group)
    supply["group"] = own.where(own != "", supply["seller"])
    demand = bids.reset_index(drop=True).assign(declared_mwh=bids["mwh"].to_numpy(dtype=float))
    demand["mwh"] = demand["mwh"].astype(float)
    cuts = []
    if energy_caps is not None:
        limits = energy_caps.set_index("seller")["cap_mwh"]
        supply, cut = cut_to(supply.assign(subject=supply["seller"]), limits, dearest_first=True)
        cuts.append(cut.assign(cap="energy_cap"))
    limits = pd.Series(rules.shares.group * announced, index=supply["group"].unique())
    if rules.shares.group < 1:
        supply, cut = cut_to(supply.assign(subject=supply["group"]), limits, dearest_first=True)
        cuts.append(cut.assign(cap="group"))
    if rules.shares.sales_company < 1:
        traders = buyers[buyers["kind"] == SALES_COMPANY]
        control = traders["investor"].where(traders["investor"] != "", traders["buyer"])
        by_buyer = pd.Series(control.to_numpy(), index=traders["buyer"].to_numpy())
        subject = demand["buyer"].map(by_buyer).fillna("")
        limits = pd.Series(rules.shares.sales_company * announced, index=control.unique())
        demand, cut = cut_to(demand.assign(subject=subject), limits, dearest_first=False)
        cuts.append(cut.assign(cap="sales_company"))
    columns = ["cap", "subject", "declared_mwh", "limit_mwh", "cut_mwh"]
    taken = [cut for cut in cuts if len(cut)]
    table = pd.concat(taken, ignore_index=True)[columns] if taken else pd.DataFrame(columns=columns)
    return supply, demand, table


def _matched(supply: pd.DataFrame, demand: pd.DataFrame, most: float) -> float:
    """Largest volume at which the last buyer's spread is not below the last seller's."""
    sold = supply[supply["mwh"] > 0].sort_values("spread")
    bought = demand[demand["mwh"] > 0].sort_values("spread", ascending=False)
    if sold.empty or bought.empty:
        return 0.0
    up, down = sold["mwh"].cumsum().to_numpy(), bought["mwh"].cumsum().to_numpy()
    ends = np.unique(np.concatenate([up, down]))
    ends = ends[ends <= min(up[-1], down[-1]) + _NOTHING]
    middle = (np.concatenate([[0.0], ends[:-1]]) + ends) / 2
    ask = sold["spread"].to_numpy(dtype=float)[np.searchsorted(up, middle)]
    bid = bought["spread"].to_numpy(dtype=float)[np.searchsorted(down, middle)]
    pays = bid >= ask
    return float(min(most, ends[pays].max())) if pays.any() else 0.0


def _cleared(table: pd.DataFrame, volume: float, *, rising: bool) -> pd.Series:
    """Cleared MWh of each segment in merit order; the last spread shares by volume."""
    levels = table.groupby("spread")["mwh"].sum().sort_index(ascending=rising)
    before = levels.cumsum() - levels
    share = (np.minimum(levels, np.maximum(0.0, volume - before)) / levels).where(levels > 0, 0.0)
    return table["mwh"] * table["spread"].map(share)


def _spread(supply: pd.DataFrame, demand: pd.DataFrame, rule: str) -> tuple[float, str]:
    """Spread of the last matched seller and buyer, and why there is none."""
    sold = supply.loc[supply["cleared_mwh"] > _NOTHING, "spread"]
    bought = demand.loc[demand["cleared_mwh"] > _NOTHING, "spread"]
    if bought.empty:
        return float("nan"), "nothing was matched"
    if rule == "buyer":
        return float(bought.min()), ""
    if sold.empty:
        return float("nan"), "nothing was matched"
    if rule == "seller":
        return float(sold.max()), ""
    return float(sold.max() + bought.min()) / 2, ""
