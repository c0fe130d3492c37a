"""The `settlement` section of a rulebook: how cleared quantities become money.

Defaults follow the sources that settlement replays: the futures product is that of Shi, Liu and
Feng, "A new mode for medium and long-term electricity trade based on standardized futures"
(Electric Power, 2021), table 1.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from cases.rulebook.section import Section


def _listed(value: object) -> object:
    """A list written as text, as on a command line: "[7, 8]"."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError("a list such as [7, 8]") from None


Listed = BeforeValidator(_listed)
Hour = Annotated[int, Field(ge=0, le=24)]
Month = Annotated[int, Field(ge=1, le=12)]


class ContractRules(Section):
    """Contracts for difference, one-way and physical contracts."""

    lines: Literal["contract_plus_deviation", "spot_plus_difference"] = Field(
        default="spot_plus_difference",
        description="algorithm whose terms the statement shows; both give the same money",
    )
    curve_after_trade: Literal["reject", "record"] = Field(
        default="reject", description="a curve fixed after its contract was signed"
    )


class BlockRules(Section):
    """Hours and days of one block of the day."""

    hours: Annotated[tuple[tuple[Hour, Hour], ...], Listed] = Field(
        description="spans of local hours, start included, end excluded"
    )
    summer_hours: Annotated[tuple[tuple[Hour, Hour], ...] | None, Listed] = Field(
        default=None, description="the spans in summer months, where they differ"
    )
    working_days_only: bool = Field(
        default=False, description="only on working days of the calendar"
    )


class FuturesRules(Section):
    """The standardised base, mid and peak futures."""

    base: BlockRules = BlockRules(hours=((0, 24),))
    mid: BlockRules = BlockRules(hours=((6, 22),), working_days_only=True)
    peak: BlockRules = BlockRules(
        hours=((8, 11), (18, 21)),
        summer_hours=((8, 11), (13, 15), (18, 21)),
        working_days_only=True,
    )
    summer_months: Annotated[tuple[Month, ...], Listed] = Field(
        default=(), description="months with the peak block's summer hours; the paper names none"
    )
    calendar: str = Field(
        default="CN",
        description="country code of the working calendar, or weekdays (Monday to Friday)",
    )
    lot_mw: float = Field(default=1.0, gt=0, description="MW of one lot")
    quote: Literal["mwh", "lot"] = Field(
        default="mwh", description="unit that a trade's price is per"
    )
    tick: float = Field(default=0.1, gt=0, description="price step, money per MWh")
    off_tick: Literal["reject", "warn", "off"] = Field(
        default="reject", description="a price that is no multiple of the tick"
    )
    price_limit: float = Field(
        default=0.05, gt=0, description="daily price limit, share of the previous settlement price"
    )
    margin: float = Field(
        default=0.10, ge=0, le=1, description="initial margin, share of contract value"
    )
    fee: float = Field(default=100.0, ge=0, description="fee per lot and side, money")
    position_limit: float = Field(
        default=0.0,
        ge=0,
        description="largest net position of an owner in one product and delivery, lots; 0 is none",
    )
    sessions: Annotated[tuple[tuple[str, str], ...], Listed] = Field(
        default=(("09:30", "11:30"), ("13:00", "15:00")), description="trading hours, local time"
    )
    last_trading_day: Literal["before_delivery_month", "before_month_end"] = Field(
        default="before_delivery_month",
        description="what the notice is counted back from: the delivery month's first day or last",
    )
    last_trading_notice: int = Field(default=5, ge=0, description="working days of that notice")
    index: str = Field(
        default="",
        description="point whose price settles futures; blank is the load-weighted price",
    )
    clearing_house: str = Field(
        default="operator",
        description="who stands for a side of a trade that nobody else takes; operator is the "
        "market's, blank makes such a side an error",
    )
    time_value: Literal["none", "purchase", "delivery"] = Field(
        default="none",
        description="principal of the time-value charge: traded value or delivery value",
    )
    nominal_rate: float = Field(
        default=0.08, ge=0, description="nominal annual rate of the time value"
    )
    rate_convention: Literal["nominal/12", "effective", "paper-2016"] = Field(
        default="nominal/12", description="how the annual rate becomes a monthly one"
    )


class ProductBlock(Section):
    """Hours and days of one product of a product file, or what another one leaves."""

    hours: Annotated[tuple[tuple[Hour, Hour], ...], Listed] = Field(
        default=((0, 24),), description="spans of local hours, start included, end excluded"
    )
    summer_hours: Annotated[tuple[tuple[Hour, Hour], ...] | None, Listed] = Field(
        default=None, description="the spans in summer months, where they differ"
    )
    days: Literal["all", "working", "rest"] = Field(
        default="all", description="days of the calendar on which it counts"
    )
    complement_of: str = Field(
        default="", description="a product of the file; this one is every hour that it is not"
    )

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if self.complement_of and self.model_fields_set - {"complement_of"}:
            raise ValueError("a complement has no hours and days of its own")
        return self


class ProductRules(FuturesRules):
    """Products as a file defines them: blocks of any name, in place of base, mid and peak."""

    name: str = Field(min_length=1, description="name of the set of products")
    source: str = Field(default="", description="where the definition is from")
    products: dict[str, ProductBlock] = Field(min_length=1, description="block of each product")

    @model_validator(mode="after")
    def _complements(self) -> Self:
        for name, block in self.products.items():
            other = block.complement_of
            if other and (other not in self.products or self.products[other].complement_of):
                raise ValueError(f"{name} is the complement of {other}, which has no hours here")
        return self


class RightsRules(Section):
    """Transmission rights."""

    shortfall: Literal["prorate", "pay_in_full"] = Field(
        default="prorate", description="what happens to rights when the rent does not cover them"
    )
    period: Literal["run", "month"] = Field(
        default="run",
        description="what rent funds rights over, and over which the rest is given back: each run, "
        "or a month that is settled as one",
    )
    tolerance_mw: float = Field(
        default=1e-6,
        ge=0,
        description="excess over a limit that the feasibility test lets pass, MW",
    )


class SurplusRules(Section):
    """Who gets what is left of congestion rent, or the loss surplus."""

    to: Literal["operator", "load_ratio", "right_holders", "account"] = Field(
        default="operator",
        description="loads by the energy they take, holders by the MWh of their rights, an account",
    )
    account: str = Field(default="", description="owner name of the account")

    @model_validator(mode="after")
    def _account(self) -> Self:
        if self.to == "account" and not self.account:
            raise ValueError("to = account needs the name of the account")
        return self


class MeteringRules(Section):
    """Charges for uninstructed deviation of metered units."""

    tolerance_percent: float = Field(
        default=0.0, ge=0, description="deviation that is free, percent of the schedule"
    )
    tolerance_mw: float = Field(
        default=0.0, ge=0, description="deviation that is free, MW; the larger of both counts"
    )
    charge_price: float = Field(
        default=0.0, ge=0, description="charge beyond the tolerance, money per MWh"
    )
    charge_share: float = Field(
        default=0.0, ge=0, description="charge beyond the tolerance, share of the absolute LMP"
    )
    to: Literal["operator", "load_ratio"] = Field(
        default="operator", description="who receives the charges"
    )


class CreditRules(Section):
    """Margins, bonds and limits."""

    initial_margin: float = Field(
        default=0.10,
        ge=0,
        le=1,
        description="potential exposure of contracts, share of their value",
    )
    performance_bond: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="performance bond, share of the energy still to deliver",
    )
    netting: Literal["none", "pair", "portfolio"] = Field(
        default="pair",
        description="contracts whose energies offset each other: of the same two parties, of all "
        "contracts of an owner, or none",
    )
    day_price: float = Field(
        default=0.0,
        ge=0,
        description="price of energy that is bought at any price, in the check of a day's offers "
        "and bids before clearing, where no forward price is known, money per MWh; 0 is none",
    )
    call_threshold: float = Field(
        default=0.0, ge=0, description="smallest shortfall that a margin call is made for, money"
    )


class NoSpotRules(Section):
    """Months of a market without a spot market: trades of energy, deviations at month's end."""

    tolerance_percent: float = Field(
        default=2.0, ge=0, description="deviation settled at the month's price, percent of trades"
    )
    surplus_share: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="price of what was made beyond trades and tolerance, or bought and not taken, "
        "share of the month's price",
    )
    shortage_share: float = Field(
        default=1.1,
        ge=1,
        description="price of what was sold and not made, or taken beyond trades and tolerance, "
        "share of the month's price",
    )


class DisclosureRules(Section):
    """Days after the end of a day (or month) before its rows may be shown, by table."""

    statement_days: float = Field(
        default=0.0, ge=0, description="lines, invoices and netting, to the participant they are of"
    )
    indices_days: float = Field(default=0.0, ge=0, description="price indices, to everybody")
    reconciliation_days: float = Field(
        default=0.0, ge=0, description="sums of the whole market by interval, to everybody"
    )
    statistics_days: float = Field(
        default=0.0, ge=0, description="statistics of the market by month, to everybody"
    )


class SettlementRules(Section):
    """The `settlement` section of a rulebook."""

    smallest_unit: float = Field(default=0.01, gt=0, description="smallest unit of the currency")
    quantity_unit: float = Field(
        default=1e-6, gt=0, description="step that quantities are rounded to, MWh"
    )
    price_unit: float = Field(
        default=1e-6, gt=0, description="step that prices are rounded to, per MWh"
    )
    operator: str = Field(
        default="operator", min_length=1, description="owner name of the operator"
    )
    contracts: ContractRules = ContractRules()
    futures: FuturesRules = FuturesRules()
    rights: RightsRules = RightsRules()
    congestion_rent: SurplusRules = SurplusRules()
    loss_surplus: SurplusRules = SurplusRules()
    metering: MeteringRules = MeteringRules()
    credit: CreditRules = CreditRules()
    disclosure: DisclosureRules = DisclosureRules()
    no_spot: NoSpotRules = NoSpotRules()
