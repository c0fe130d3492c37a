"""The public names are a promise: this list changes only on purpose."""

import subprocess
import sys
from pathlib import Path

import pytest

import counterflow as cf

NAMES = [
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


def test_exported_names() -> None:
    assert cf.__all__ == NAMES
    assert dir(cf) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_there(name: str) -> None:
    assert getattr(cf, name) is not None


def test_a_name_that_is_not_public() -> None:
    with pytest.raises(AttributeError, match="no attribute 'clearr'"):
        cf.clearr  # noqa: B018


def test_the_site_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(cf.InputError, match="there is no folder"):
        cf.serve(tmp_path / "none")
    assert issubclass(cf.NotYet, cf.CounterflowError)


def test_help_loads_no_solver_and_no_tables() -> None:
    code = (
        "import sys, counterflow.cli; "
        "print(sorted({m.partition('.')[0] for m in sys.modules} "
        "& {'pandas', 'pyomo', 'highspy', 'plotly', 'scipy'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
