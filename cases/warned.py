"""What a warning is: a text with its kind; every kind is declared here, once.

`docs/warnings.md` is written from `KINDS`, whose names are its anchors; a manifest lists the kinds
of its `warnings` beside them, as `warning_kinds`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cases.errors import Failure

__all__ = ["KINDS", "Kind", "Warned", "alarming", "grouped", "kinds_of", "with_kinds"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of warning: what it means, and what to do.

    A `note` says how a number was made where nothing is wrong; ``--strict`` lets it pass.
    """

    about: str
    means: str
    to_do: str
    note: bool = False


_DATA: Final = "data of a case"
_CLEARING: Final = "a clearing"
_MITIGATION: Final = "mitigation"
_MONEY: Final = "settlement"

KINDS: Final = {
    "demand_above_supply": Kind(
        _DATA,
        "demand exceeds all that units, storage and links can give in an interval",
        "look for a unit out by mistake or demand in the wrong unit; load will be shed",
    ),
    "initial_state": Kind(
        _DATA,
        "initial_mw and initial_hours of a unit do not belong together",
        "give initial_mw within the limits of a unit that is on, and 0 for one that is off",
    ),
    "island_without_unit": Kind(
        _DATA,
        "buses are cut off from every unit and storage",
        "check branches out of service; prices there do not exist, load there is not served",
    ),
    "min_down_above_horizon": Kind(
        _DATA, "a minimum down time is longer than the day", "check that it is in hours"
    ),
    "min_up_above_horizon": Kind(
        _DATA, "a minimum up time is longer than the day", "check that it is in hours"
    ),
    "must_run_outage": Kind(
        _DATA,
        "a unit must run while it is not available",
        "the outage comes first; correct must_run or availability",
    ),
    "narrow_offer": Kind(
        _DATA,
        "the blocks of an offer do not reach the p_max of its unit",
        "the rest is withheld, and tested as such; offer all of it, or lower p_max",
    ),
    "no_first_tier": Kind(
        _DATA,
        "the tiers of a start-up cost do not begin at 0 hours off",
        "give a tier with after_hours_off 0, or know what a hot start costs",
    ),
    "no_limit": Kind(
        _DATA,
        "a unit has no p_max: only its offer limits it",
        "give p_max where it is known; no share of capacity counts the unit",
    ),
    "no_limits": Kind(
        _DATA,
        "an interface has no limits in interface_limits",
        "give min_mw or max_mw, or leave the interface out",
    ),
    "not_said": Kind(
        _DATA,
        "a file of another format leaves open, or says twice, what a case must say",
        "read what was assumed; it is in the notes of the imported case, too",
    ),
    "offer_above_penalty": Kind(
        _DATA,
        "an offer is dearer than the penalty of the energy balance",
        "load is shed before it is used: raise penalties.balance, or correct the price",
    ),
    "outage_before_min_up": Kind(
        _DATA,
        "an outage begins before the minimum up time of a unit has passed",
        "the outage comes first; check initial_hours and availability",
    ),
    "availability_below_p_min": Kind(
        _DATA,
        "availability lies between 0 and p_min",
        "the unit is out in that interval; give 0, or at least p_min",
    ),
    "reserve_scarcity": Kind(
        _DATA,
        "all reserve offers together cannot meet a requirement",
        "check the requirement and its unit; it will be short at its penalty",
    ),
    "shutdown_ramp_below_p_min": Kind(
        _DATA,
        "a unit that is on can never stop: shutdown_ramp lies below p_min",
        "shutdown_ramp is MW, not MW per hour; leave it blank for no limit",
    ),
    "slower_substitute": Kind(
        _DATA,
        "a reserve product stands in for one that must respond faster",
        "check minutes and substitutes_for",
    ),
    "startup_ramp_below_p_min": Kind(
        _DATA,
        "a unit that is off can never start: startup_ramp lies below p_min",
        "startup_ramp is MW, not MW per hour; leave it blank for no limit",
    ),
    "soft_cap": Kind(
        _CLEARING,
        "an offer above the soft cap was counted at its verified cost, or at the cap",
        "give costs or negotiated_references where the cost is higher",
    ),
    "false_bound": Kind(
        _CLEARING,
        "the solver proved a bound that a known schedule beats; it was asked again without "
        "presolve",
        "the result stands; report the version of HiGHS",
    ),
    "bound_above": Kind(
        _CLEARING,
        "the bound of the solver lies above the cost of the schedule",
        "take the schedule as unproven; report the case",
    ),
    "program_and_dispatch": Kind(
        _CLEARING,
        "the dispatch of a schedule costs more than its program said",
        "take the gap as unproven; report the case",
    ),
    "stopped_by_limit": Kind(
        _CLEARING,
        "the commitment was stopped before the gap that was asked for",
        "raise --time-limit or --gap; the proven gap is in the manifest",
    ),
    "gap_of_unit_outages": Kind(
        _CLEARING, "the gap is proven with outages of units as the commitment sees them", "", True
    ),
    "gap_of_losses": Kind(
        _CLEARING, "the gap is proven with losses as the commitment linearizes them", "", True
    ),
    "not_secured": Kind(
        _CLEARING,
        "a contingency splits the grid or leaves no flows, and is not secured against",
        "take it off the table, or accept that it is not covered",
    ),
    "outage_sheds_load": Kind(
        _CLEARING,
        "after the outage of a unit none is left to pick up: load of its island is taken off",
        "check the contingency, and which units are on",
    ),
    "one_direction": Kind(
        _CLEARING,
        "a storage or link was held to one direction where both at once would pay",
        "look at the negative price that makes it pay",
    ),
    "open_prices": Kind(
        _CLEARING,
        "prices are not unique: a schedule meets a limit exactly",
        "prices.unique says where; pricing.tie_break chooses one",
        True,
    ),
    "prices_not_tested": Kind(
        _CLEARING,
        "whether prices are unique could not be tested",
        "prices.unique is blank there; take no price of these intervals as the only one",
    ),
    "limit_exceeded": Kind(
        _CLEARING,
        "a limit could not be kept and was exceeded at its penalty",
        "`slacks` names interval, limit, MW and penalty",
    ),
    "costs_left_out": Kind(
        _CLEARING,
        "costs of an extension count in every window of real time and not in the objective",
        "add them up by what they stand for",
    ),
    "nothing_binds": Kind(
        _MITIGATION, "no constraint binds: nothing is tested by constraint", "", True
    ),
    "negative_relief": Kind(
        _MITIGATION,
        "marginal units count against a constraint that they set the price of",
        "choose another slack; see the sensitivity to it",
    ),
    "area_without_units": Kind(
        _MITIGATION,
        "an area of the rulebook has no units on this day",
        "check its buses, zones and constraints; its thresholds test nobody",
    ),
    "area_without_formula": Kind(
        _MITIGATION,
        "the formula of an area lacks constrained hours or an average price",
        "give earlier runs or the numbers; until then the formula sets no threshold",
    ),
    "crossing_curves": Kind(
        _MITIGATION,
        "price-based and cost-based schedules of a unit cross",
        'the cheaper one in total is dearer in part; pjm.schedule = "strict" takes the lower',
    ),
    "reference_bus": Kind(
        _MITIGATION, "the bus from which the paths of a rulebook measure congestion", "", True
    ),
    "tick": Kind(
        _MONEY, "a price of a trade is no multiple of the tick", "correct it, or keep it on record"
    ),
    "trading_rule": Kind(
        _MONEY, "a trade breaks a rule of trading and was let pass, on record", "see its override"
    ),
    "unmatched": Kind(
        _MONEY,
        "futures have no other side at the same price",
        "the clearing house stands in; give both sides of every trade",
    ),
}
"""Every kind of warning: its name, which is its anchor in the documents, and what it means."""


class Warned(str):
    """The text of a warning, and its kind; `kind` is "" where none is known."""

    kind: str

    def __new__(cls, text: str, kind: str = "") -> Warned:
        """Make one of a text and the name of its kind."""
        made = super().__new__(cls, text)
        made.kind = kind
        return made

    @classmethod
    def of(cls, failure: Failure) -> Warned:
        """What a check found that is only worth a warning."""
        return cls(str(failure), failure.rule)


def kinds_of(texts: Iterable[str]) -> list[str]:
    """The kind of every text; "" for texts that have none."""
    return [getattr(text, "kind", "") for text in texts]


def with_kinds(texts: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """Give texts that were read from a file their kinds again; those beyond the kinds have none."""
    names = [*kinds, *[""] * (len(texts) - len(kinds))]
    return [
        text if isinstance(text, Warned) else Warned(text, name)
        for text, name in zip(texts, names, strict=False)
    ]


def alarming(texts: Iterable[str]) -> list[str]:
    """Those that are more than a note on how a number was made, each once."""
    found = dict.fromkeys(texts)
    kinds = zip(found, kinds_of(found), strict=True)
    return [text for text, kind in kinds if kind not in KINDS or not KINDS[kind].note]


def grouped(texts: Iterable[str], most: int = 3) -> list[Warned]:
    """Give each text once, at most so many of a kind, then how many more of it there are."""
    of: dict[str, list[str]] = {}
    for text in dict.fromkeys(texts):
        of.setdefault(getattr(text, "kind", ""), []).append(text)
    told: list[Warned] = []
    for kind, own in of.items():
        shown = own if not kind else own[:most]
        told += [Warned(text, kind) for text in shown]
        if len(own) > len(shown):
            more = f"{len(own) - most:,d} more warnings of this kind ({kind})"
            told.append(Warned(more, kind))
    return told
