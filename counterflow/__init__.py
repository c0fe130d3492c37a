"""Counterflow: clear an electricity market, explain its prices, compare its runs.

>>> import counterflow as cf
>>> case = cf.read_case("pjm5")
>>> run = cf.clear(case, commitment=False)
>>> run.prices, run.dispatch, run.constraints

The names below are the public interface. They are imported on first use, so that the command
line answers ``--help`` without loading a solver.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from counterflow._hidden import refuse_hidden

if TYPE_CHECKING:
    import network as network
    import settlement as settlement
    from cases import Case, CaseMeta, RuleBook, Run, read_case, verify
    from cases import errors as errors
    from cases.errors import (
        CheckFailed,
        CounterflowError,
        DataWarning,
        Failure,
        InputError,
        NoClearing,
    )
    from cases.published_run import published_run
    from cases.readers.published import read_market, read_offers, read_prices
    from cases.rulebook import FuturesRules
    from cases.rulebook.guangdong import MonthlyAuctionRules
    from clearing import validate
    from counterflow import mitigation as mitigation
    from counterflow import plots as plots
    from counterflow._later import NotYet
    from counterflow.capped import clear
    from counterflow.explain.decision_explanation import DecisionExplanation, explain_decision
    from counterflow.explain.explanation import (
        PriceExplanation,
        PriceExplanations,
        explain_price,
        explain_prices,
    )
    from counterflow.explain.interval import IntervalExplanation, explain_interval
    from counterflow.explain.path import PathExplanation, explain_path
    from counterflow.layouts import published_frames, write_published
    from counterflow.many_rules import ManyRules, mitigate_by_rulebooks, mitigate_by_sweep
    from counterflow.mitigation import MitigatedRun, mitigate
    from counterflow.monitor import Recovered, Screens, recover, screens
    from counterflow.monthly_auction import auction
    from counterflow.pages.report import report
    from counterflow.server.serve import serve
    from counterflow.studies import Study, study, sweep
    from counterflow.tables.comparison import Comparison, compare
    from counterflow.tables.disclosure import disclose
    from counterflow.tables.export import export_prices
    from counterflow.tables.market_statistics import market_statistics
    from counterflow.tables.monitor_tables import MonitorTables, monitor_tables
    from counterflow.tables.summary import Summary, summarize
    from mitigation import after_the_fact as after_the_fact
    from mitigation import conformance as conformance
    from mitigation import guangdong as guangdong
    from mitigation import withholding as withholding
    from mitigation.published import Backcast, backcast, residual_by_owner
    from settlement import credit as credit
    from settlement import futures as futures
    from settlement import rights as rights
    from settlement import settle
    from settlement.month import settle_month

__version__ = "0.1.0"

refuse_hidden()

_HOME = {
    "Backcast": "mitigation.published",
    "Case": "cases",
    "CaseMeta": "cases",
    "CheckFailed": "cases.errors",
    "Comparison": "counterflow.tables.comparison",
    "CounterflowError": "cases.errors",
    "DataWarning": "cases.errors",
    "DecisionExplanation": "counterflow.explain.decision_explanation",
    "Failure": "cases.errors",
    "FuturesRules": "cases.rulebook",
    "InputError": "cases.errors",
    "IntervalExplanation": "counterflow.explain.interval",
    "ManyRules": "counterflow.many_rules",
    "MitigatedRun": "counterflow.mitigation",
    "MonthlyAuctionRules": "cases.rulebook.guangdong",
    "MonitorTables": "counterflow.tables.monitor_tables",
    "NoClearing": "cases.errors",
    "NotYet": "counterflow._later",
    "PathExplanation": "counterflow.explain.path",
    "PriceExplanation": "counterflow.explain.explanation",
    "Recovered": "counterflow.monitor",
    "PriceExplanations": "counterflow.explain.explanation",
    "RuleBook": "cases",
    "Run": "cases",
    "Screens": "counterflow.monitor",
    "Study": "counterflow.studies",
    "Summary": "counterflow.tables.summary",
    "auction": "counterflow.monthly_auction",
    "backcast": "mitigation.published",
    "clear": "counterflow.capped",
    "compare": "counterflow.tables.comparison",
    "disclose": "counterflow.tables.disclosure",
    "explain_decision": "counterflow.explain.decision_explanation",
    "explain_interval": "counterflow.explain.interval",
    "explain_path": "counterflow.explain.path",
    "explain_price": "counterflow.explain.explanation",
    "explain_prices": "counterflow.explain.explanation",
    "export_prices": "counterflow.tables.export",
    "market_statistics": "counterflow.tables.market_statistics",
    "mitigate": "counterflow.mitigation",
    "mitigate_by_rulebooks": "counterflow.many_rules",
    "mitigate_by_sweep": "counterflow.many_rules",
    "monitor_tables": "counterflow.tables.monitor_tables",
    "published_frames": "counterflow.layouts",
    "published_run": "cases.published_run",
    "read_case": "cases",
    "read_market": "cases.readers.published",
    "read_offers": "cases.readers.published",
    "read_prices": "cases.readers.published",
    "recover": "counterflow.monitor",
    "report": "counterflow.pages.report",
    "residual_by_owner": "mitigation.published",
    "screens": "counterflow.monitor",
    "serve": "counterflow.server.serve",
    "settle": "settlement",
    "settle_month": "settlement.month",
    "study": "counterflow.studies",
    "summarize": "counterflow.tables.summary",
    "sweep": "counterflow.studies",
    "validate": "clearing",
    "verify": "cases",
    "write_published": "counterflow.layouts",
}
_MODULES = {
    "after_the_fact": "mitigation.after_the_fact",
    "conformance": "mitigation.conformance",
    "credit": "settlement.credit",
    "errors": "cases.errors",
    "futures": "settlement.futures",
    "guangdong": "mitigation.guangdong",
    "mitigation": "counterflow.mitigation",
    "network": "network",
    "plots": "counterflow.plots",
    "rights": "settlement.rights",
    "settlement": "settlement",
    "withholding": "mitigation.withholding",
}

__all__ = [
    "Backcast",
    "Case",
    "CaseMeta",
    "CheckFailed",
    "Comparison",
    "CounterflowError",
    "DataWarning",
    "DecisionExplanation",
    "Failure",
    "FuturesRules",
    "InputError",
    "IntervalExplanation",
    "ManyRules",
    "MitigatedRun",
    "MonitorTables",
    "MonthlyAuctionRules",
    "NoClearing",
    "NotYet",
    "PathExplanation",
    "PriceExplanation",
    "PriceExplanations",
    "Recovered",
    "RuleBook",
    "Run",
    "Screens",
    "Study",
    "Summary",
    "__version__",
    "after_the_fact",
    "auction",
    "backcast",
    "clear",
    "compare",
    "conformance",
    "credit",
    "disclose",
    "errors",
    "explain_decision",
    "explain_interval",
    "explain_path",
    "explain_price",
    "explain_prices",
    "export_prices",
    "futures",
    "guangdong",
    "market_statistics",
    "mitigate",
    "mitigate_by_rulebooks",
    "mitigate_by_sweep",
    "mitigation",
    "monitor_tables",
    "network",
    "plots",
    "published_frames",
    "published_run",
    "read_case",
    "read_market",
    "read_offers",
    "read_prices",
    "recover",
    "report",
    "residual_by_owner",
    "rights",
    "screens",
    "serve",
    "settle",
    "settle_month",
    "settlement",
    "study",
    "summarize",
    "sweep",
    "validate",
    "verify",
    "withholding",
    "write_published",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        found = import_module(_MODULES[name])
    elif name in _HOME:
        found = getattr(import_module(_HOME[name]), name)
    else:
        raise AttributeError(f"module 'counterflow' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
