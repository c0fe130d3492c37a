"""What a clearing was secured against, in one line."""

from __future__ import annotations

from cases import Run
from counterflow.console import count
from network import Grid, contingencies

__all__ = ["security_text"]


def security_text(run: Run) -> str:
    """Say what a run was secured against, and what it left out.

    ``security n-1: 38 contingencies (every branch outage that keeps the grid whole)``.
    """
    listed = run.case.tables["contingencies"]["contingency"].nunique()
    if run.settings.get("security", "none") == "none":
        if not listed:
            return "security none: the base case alone"
        left = f"{count(listed, 'contingency')} of the case not secured"
        return f"security none: {left} against; --security n-1 does"
    grid = Grid.from_case(run.case, run.rulebook.network.convention)
    found = contingencies(run.case, grid)
    source = "of the case" if listed else "(every branch outage that keeps the grid whole)"
    text = f"security n-1: {count(len(found.secure), 'contingency')} {source} secured against"
    if found.islanding:
        text += f", {len(found.islanding)} that split the grid not"
    return text
