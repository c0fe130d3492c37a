"""The `mitigation.structure` section of a rulebook: who is tested, from which base, against what.

Every number carries in its schema how sure it is (`evidence`: V read in a public source, H well
established and widely published, M right in structure with a number that may be dated, L a
reconstruction, D a choice of this design) and where it comes from (`source`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from cases.rulebook.section import Section, listed

Share = Annotated[float, Field(ge=0, le=1)]
Weekday = Annotated[int, Field(ge=0, le=6)]
StructureTest = Literal["three_pivotal", "competitive_path", "two_step", "system", "system_margin"]


def _number(default: Any, evidence: str, source: str, description: str, **limits: Any) -> Any:
    return Field(
        default,
        description=description,
        json_schema_extra={"evidence": evidence, "source": source},
        **limits,
    )


class SupplyRules(Section):
    """Which megawatts a unit can add to the base dispatch."""

    online: Literal["full", "ramp"] = _number(
        "full",
        "M",
        "PJM day-ahead: the full offered range; real time: ramp-limited",
        "how far a unit on line can rise: to what is available, or within its ramp",
    )
    offline: Literal["all", "quick_start", "none"] = _number(
        "all",
        "M",
        "PJM day-ahead: the full offered range; real time: quick starts only",
        "which units off line count, with all that is available",
    )
    ramp_minutes: float | None = _number(
        None,
        "D",
        "the interval of the market",
        gt=0,
        description="minutes over which ramps count; none = the length of the interval",
    )
    storage: bool = _number(
        True,
        "D",
        "everything that can serve counts",
        "whether storage counts as supply, with the energy that it holds",
    )
    net_of_reserves: bool = _number(
        False,
        "D",
        "CAISO subtracts ancillary service awards, PJM does not say",
        "whether upward reserve awards are taken off what a unit can reach",
    )


class ThreePivotalRules(Section):
    """Three pivotal suppliers of relief."""

    screen: float = _number(
        1.5,
        "V",
        "PJM market monitor, three pivotal supplier test",
        ge=1,
        description="relevant supply costs at most this multiple of the clearing price of relief",
    )
    dfax_min: float = _number(
        0.03,
        "M",
        "the cut-off of operations",
        gt=0,
        description="least distribution factor that counts as relief",
    )
    negative_price: Literal["absolute", "clearing", "literal"] = _number(
        "absolute",
        "D",
        "no market publishes a rule",
        "the screen at a negative clearing price: widened by its absolute value, closed, or as is",
    )


class CompetitivePathRules(Section):
    """CAISO's dynamic competitive path assessment."""

    dfax_min: float = _number(
        0.02,
        "M",
        "CAISO, counterflow cut-off",
        gt=0,
        description="least counterflow per MW that counts",
    )
    suppliers: int = _number(
        3, "H", "CAISO tariff 39.7", ge=1, description="potentially pivotal portfolios"
    )
    rsi_min: float = _number(
        1.0, "H", "CAISO tariff 39.7", gt=0, description="least index of a competitive constraint"
    )
    day_ahead: bool = _number(
        True,
        "M",
        "CAISO day-ahead: nothing is committed, so all of it can be withheld",
        "count the minimum of potentially pivotal portfolios as zero",
    )
    net_buyers: Annotated[tuple[str, ...], BeforeValidator(listed)] = _number(
        (),
        "M",
        "CAISO, rolling purchase and sale test",
        "owners (groups) that are net buyers: never potentially pivotal",
    )
    smallest_congestion: float = _number(
        0.0,
        "H",
        "CAISO tariff 39.7: above zero",
        ge=0,
        description="non-competitive congestion above this is subject to mitigation, money/MWh",
    )


class TwoStepRules(Section):
    """ERCOT's competitive-constraint test and two-step clearing."""

    concentration_max: float = _number(
        2500.0,
        "V",
        "ERCOT NPRR520 comments: 2,500 in dispatch, 2,000 in the long term",
        ge=0,
        description="element competitiveness index above this is not competitive",
    )
    dfax_min: float = _number(
        0.02,
        "M",
        "ERCOT, material shift factor",
        gt=0,
        description="distribution factor above which a resource manages the constraint",
    )
    dfax_share: float = _number(
        1.0 / 3.0,
        "V",
        "ERCOT, constraint competitiveness: the smaller of 2 % and a third of the largest",
        ge=0,
        le=1,
        description="or, where that is less, this share of the largest factor",
    )
    pivotal_suppliers: int = _number(
        1,
        "M",
        "ERCOT, pivotal decision-making entity",
        ge=1,
        le=3,
        description="also not competitive where this many largest owners are pivotal for relief",
    )


class SystemRules(Section):
    """Pivotal suppliers of the whole system or zone."""

    reserves: bool = _number(
        True,
        "H",
        "ISO-NE supply margin: capacity less load and reserve requirement",
        "whether upward reserve requirements count as demand",
    )
    contracts: bool = _number(
        True,
        "H",
        "Chinese and Ontario practice: report gross and net",
        "whether the indices are also given net of contract positions",
    )


class ConcentrationRules(Section):
    """Levels at which concentration is reported."""

    moderate: float = _number(
        1000.0,
        "H",
        "US merger guidelines 1992 and 2023",
        ge=0,
        description="HHI from which a market is moderately concentrated",
    )
    high: float = _number(
        1800.0,
        "H",
        "US merger guidelines 1992 and 2023",
        ge=0,
        description="HHI from which a market is highly concentrated",
    )
    base_share: Share = _number(
        0.5,
        "M",
        "PJM market monitor",
        "units that run in at least this share of hours are base load",
    )
    peak_share: Share = _number(
        0.1,
        "M",
        "PJM market monitor",
        "units that run in less than this share of hours are peaking",
    )
    rsi: float = _number(1.1, "H", "Sheffrin 2002", gt=0, description="guideline for RSI1")
    rsi_hours: Share = _number(
        0.95, "H", "Sheffrin 2002", "share of hours in which RSI1 should reach the guideline"
    )


class ConductMeasures(Section):
    """Markup, output gap and residual demand."""

    cost_adder: float = _number(
        0.10,
        "H",
        "PJM cost offers carry 10 %",
        ge=0,
        description="fraction by which reference prices exceed cost; taken out of adjusted markups",
    )
    output_gap_fractions: Annotated[tuple[Share, ...], BeforeValidator(listed)] = _number(
        (1.0, 0.5, 0.25),
        "H",
        "Potomac Economics, state of the market reports",
        "fractions of the conduct threshold at which the output gap is reported",
    )


class FercRules(Section):
    """FERC's annual screens for market-based rates."""

    share_max: Share = _number(
        0.20,
        "H",
        "18 CFR 35.37, Order 697",
        "market share of uncommitted capacity from which a season fails",
    )
    hhi_max: float = _number(
        2500.0,
        "H",
        "18 CFR 35.37, delivered price test",
        ge=0,
        description="HHI from which the delivered price test fails",
    )
    delivered_price: float = _number(
        1.05,
        "H",
        "18 CFR 33.3",
        ge=1,
        description="delivered cost up to this multiple of the price is economic supply",
    )


class PeakRules(Section):
    """On-peak hours of the monitor's tables."""

    first_hour: int = _number(
        7,
        "H",
        "PJM and NERC: hour ending 8 to 23",
        ge=0,
        le=23,
        description="first local hour on peak",
    )
    last_hour: int = _number(
        22,
        "H",
        "PJM and NERC: hour ending 8 to 23",
        ge=0,
        le=23,
        description="last local hour on peak",
    )
    weekdays: Annotated[tuple[Weekday, ...], BeforeValidator(listed)] = _number(
        (0, 1, 2, 3, 4), "H", "PJM: Monday to Friday", "days on peak, Monday is 0"
    )
    holidays: str = _number(
        "",
        "D",
        "names a country of the holidays package, such as US",
        "country whose holidays are off peak; blank = none",
    )


class StructureRules(Section):
    """Structural tests, indices and what they are measured from."""

    tests: Annotated[tuple[StructureTest, ...], BeforeValidator(listed)] = Field(
        default=("three_pivotal", "system"),
        description="tests that a run of structural tests makes",
    )
    base: Literal["pre_control", "current"] = _number(
        "pre_control",
        "H",
        "demand and supply of relief from the same base, PJM",
        "dispatch from which demand and supply of relief are measured: without the constraint, or "
        "the one in which the interval begins",
    )
    slack: Literal["run", "load", "bus"] = _number(
        "run",
        "D",
        "PJM: load-weighted; CAISO: a fixed bus",
        "slack of factors and energy price: that of the run, load-weighted, or slack_bus",
    )
    slack_bus: str = Field(default="", description="the bus, where slack is bus")
    relief_tolerance_mw: float = _number(
        0.01,
        "D",
        "below the tolerance of the security screen nothing is relieved",
        ge=0,
        description="need of relief up to this is none",
    )
    shadow_price_min: float = _number(
        1e-6,
        "D",
        "below the tolerance of the solver nothing binds",
        ge=0,
        description="limits with a shadow price up to this do not bind, money/MWh",
    )
    alike: float = _number(
        0.999,
        "D",
        "twin circuits, or a line before and after an outage, are one constraint to the market",
        gt=0,
        le=1,
        description="limits whose relief factors correlate at least so much are taken away "
        "together for the base pre_control and in two-step clearing",
    )
    supply: SupplyRules = SupplyRules()
    three_pivotal: ThreePivotalRules = ThreePivotalRules()
    competitive_path: CompetitivePathRules = CompetitivePathRules()
    two_step: TwoStepRules = TwoStepRules()
    system: SystemRules = SystemRules()
    concentration: ConcentrationRules = ConcentrationRules()
    measures: ConductMeasures = ConductMeasures()
    ferc: FercRules = FercRules()
    peak: PeakRules = PeakRules()
