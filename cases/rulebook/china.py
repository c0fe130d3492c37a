"""Rules of provincial markets in China: what regulators set has no default."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from cases.rulebook.section import Names, Section, listed

__all__ = ["HunanRules", "ShaanxiRules"]

Numbers = Annotated[tuple[float, ...], BeforeValidator(listed)]
THERMAL = ("coal", "gas", "oil", "thermal", "steam", "cc", "ct", "nuclear")


class HunanRules(Section):
    """Residual supply by generation group, and a price from the settlement prices before."""

    rsi_ref: float | None = Field(
        default=None,
        ge=0,
        description="residual supply index below which a group is tested; the regulator sets it",
    )
    factor: float | None = Field(
        default=None, gt=0, description="K of the reference price; the regulator sets it"
    )
    days: int = Field(default=10, ge=1, description="days of settlement prices, at most")
    thermal: Names = Field(
        default=THERMAL, description="technologies (or fuels) that count as thermal capacity"
    )


class ShaanxiRules(Section):
    """Reference offer from the coal price, by bands of the thermal supply-demand ratio."""

    coal_price: float | None = Field(
        default=None, gt=0, description="coal, money per tonne; published from month to month"
    )
    coal_rate: float = Field(default=302.4, gt=0, description="standard coal, g/kWh")
    heat_ratio: float = Field(
        default=1.4, gt=0, description="heat of standard coal over that of the coal priced"
    )
    ratios: Numbers = Field(
        default=(1.05, 1.15, 1.5), description="supply-demand ratios at which a band ends"
    )
    factors: Numbers = Field(
        default=(1.3, 1.2, 1.1, 1.05), description="factor on coal cost, by band"
    )
    thermal: Names = Field(
        default=THERMAL, description="technologies (or fuels) that count as thermal capacity"
    )
