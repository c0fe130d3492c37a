"""Profiles of hypothesis, and what the slow suite says at its end."""

from __future__ import annotations

import os
import time
from collections import Counter

import pytest
from hypothesis import settings

settings.register_profile("nightly", derandomize=False, print_blob=True, database=None)
_BEGAN = time.monotonic()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """Say what was run, file by file, where `make test-slow` asks for it."""
    if not os.environ.get("COUNTERFLOW_TELL_RUN"):
        return
    ran: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    for outcome in ("passed", "failed", "xfailed"):
        for report in terminalreporter.stats.get(outcome, []):
            file = report.nodeid.partition("::")[0]
            ran[file] += 1
            seconds[file] += report.duration
    terminalreporter.section("what was run")
    for file, spent in seconds.most_common():
        terminalreporter.write_line(f"{spent:8.1f} s  {ran[file]:4d} tests  {file}")
    minutes = (time.monotonic() - _BEGAN) / 60.0
    skipped = len(terminalreporter.stats.get("skipped", []))
    terminalreporter.write_line(
        f"{sum(ran.values())} tests in {minutes:.1f} minutes, {skipped} skipped, "
        f"exit code {int(exitstatus)}"
    )
