"""What a reader may not see is not in the page: no name of another participant in its bytes."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cases import Case, Run
from counterflow.pages import Audience, Day, day_page, disclosed, page_html

NAMED = ("unit", "owner", "subject", "pivotal_group", "note", "counterfactual", "impact_scope")
"""Columns in which names are changed, and those that get another's name in a text."""


def renamed(run: Run, rng: np.random.Generator) -> tuple[Run, dict[str, str], dict[str, str]]:
    """The run with random names, owners and texts; owner by unit, and unit by old name."""
    case = run.case
    old = case.units["unit"].tolist()
    units = {name: f"u{rng.integers(16**8):08x}" for name in old}
    pool = [f"o{rng.integers(16**8):08x}" for _ in range(int(rng.integers(2, 6)))]
    owner_of = {units[name]: str(rng.choice(pool)) for name in old}
    before = dict(zip(case.units["unit"], case.units["owner"], strict=True))
    owners = {owner: owner_of[units[unit]] for unit, owner in before.items()}
    texts = [*units.values(), *pool]

    def changed(table: pd.DataFrame) -> pd.DataFrame:
        out = table.copy()
        for column in NAMED:
            if column not in out or out.empty:
                continue
            cells = out[column].replace(units | owners)
            if column in ("note", "pivotal_group"):
                filler = rng.choice(texts, len(out))
                cells = pd.Series([f"with {name}, too" for name in filler], index=out.index)
            out[column] = cells
        if {"unit", "owner"} <= set(out.columns):
            out["owner"] = out["unit"].map(owner_of).fillna(out["owner"])
        if "unit" in out and "element" in out:
            out["element"] = out["element"].replace(units)
        return out

    tables = {name: changed(table) for name, table in case.tables.items()}
    for name in ("availability", "self_schedules"):
        tables[name] = case.tables[name].rename(columns=units)
    tables["owners"] = case.owners.iloc[: len(pool)].assign(owner=pool[: len(case.owners)])
    made = Case(case.meta, tables)
    stated = {**run.stated, "warnings": [f"{texts[0]} is large"]}
    events = [{"event": "mitigated", "unit": name} for name in texts]
    return (
        Run(stated, {n: changed(t) for n, t in run.tables.items()}, made, run.rulebook, events),
        owner_of,
        units,
    )


def written(run: Run) -> str:
    parts = [table.to_csv(index=False) for table in run.tables.values()]
    parts += [table.to_csv(index=False) for table in run.case.tables.values()]
    return "".join([*parts, json.dumps(run.stated, default=str), json.dumps(run.events)])


def check_tables(run: Run, seed: int) -> None:
    rng = np.random.default_rng(seed)
    other, owner_of, _ = renamed(run, rng)
    me = str(rng.choice(sorted(set(owner_of.values()))))
    mine = {unit for unit, owner in owner_of.items() if owner == me}
    text = written(disclosed(other, Audience("participant", me)))
    for unit, owner in owner_of.items():
        if owner != me:
            assert unit not in text and owner not in text, (seed, unit, owner)
    assert all(unit in text for unit in mine)
    public = written(disclosed(other, Audience("public")))
    assert not any(name in public for name in (*owner_of, *owner_of.values())), seed


@pytest.mark.parametrize("seed", range(3))
def test_tables_of_a_participant_name_nobody_else(child: Run, seed: int) -> None:
    check_tables(child, seed)


@pytest.mark.slow
def test_a_thousand_random_cases(child: Run) -> None:
    for seed in range(1000, 2000):
        check_tables(child, seed)


def test_a_participant_s_page_names_nobody_else_in_its_bytes(day: Day) -> None:
    child = day.whole
    owner_of = dict(zip(child.case.units["unit"], child.case.units["owner"], strict=True))
    me = owner_of["Solitude"]
    page = day_page(Day.of(child, day.parent, audience=Audience("participant", me)))
    text = page_html(page)
    hidden = {name for pair in owner_of.items() if pair[1] != me for name in pair}
    assert hidden and not [name for name in sorted(hidden) if name in text]
    assert "Solitude" in text and "offered $125.00/MWh" in text
    # Prices of the whole market and its totals are public.
    assert "39.94" in text or page.data()["map"]["sides"]["after"]["lmp"]
    assert {panel.id for panel in page.panels if panel.empty} == {"structure"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_pages_of_random_cases(child: Run, seed: int) -> None:
    rng = np.random.default_rng(seed)
    other, owner_of, _ = renamed(child, rng)
    me = str(rng.choice(sorted(set(owner_of.values()))))
    text = page_html(day_page(Day.of(other, audience=Audience("participant", me))))
    for unit, owner in owner_of.items():
        assert owner == me or (unit not in text and owner not in text), (seed, unit)


@pytest.mark.slow
def test_the_public_page_names_nobody(bid: Run, child: Run) -> None:
    text = page_html(day_page(Day.of(child, bid, audience=Audience("public"))))
    names = set(child.case.units["unit"]) | set(child.case.units["owner"])
    assert not [name for name in sorted(names) if name in text]
