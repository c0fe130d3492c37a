"""The validator finds what is wrong with custom constraints in the tables of a run."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

import clearing
import counterflow as cf
from cases.run import Run
from tests.clearing.test_extension_reruns import as_tables

Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="module")
def run() -> Run:
    """A nomogram that binds, and a limit that cannot be kept: 300 MW of the 200 of Sundance."""
    case = as_tables(cf.read_case("pjm5"))
    limits = pd.concat(
        [
            case.custom_constraints,
            pd.DataFrame(
                {"constraint": ["more"], "sense": [">="], "limit_mw": [300.0], "penalty": [7.0]}
            ),
        ],
        ignore_index=True,
    )
    terms = pd.concat(
        [
            case.custom_terms,
            pd.DataFrame({"constraint": ["more"], "kind": ["unit"], "element": ["Sundance"]}),
        ],
        ignore_index=True,
    )
    return cf.clear(
        case.replace(
            custom_constraints=limits.assign(interval_start=pd.NaT),
            custom_terms=terms.fillna({"product": "", "coefficient": 1.0}),
        )
    )


def checks(run: Run, table: str, change: Change) -> set[str]:
    tables = {name: run.tables[name] for name in run.tables}
    tables[table] = change(tables[table].copy())
    changed = Run(run.stated, tables, run.case, run.rulebook)
    return set(clearing.validate(changed)["check"])


def test_the_run_is_right(run: Run) -> None:
    """What Sundance does not give of 300 MW is bought at 7 a MW, in every hour."""
    assert clearing.validate(run).empty
    more = run.slacks[run.slacks.constraint == "more"]
    given = run.dispatch[run.dispatch.unit == "Sundance"].mw.to_numpy()
    assert (more.mw.to_numpy() + given).tolist() == pytest.approx([300.0] * 24)
    assert more.penalty.tolist() == [7.0] * 24
    own = run.constraints[run.constraints.constraint == "more"]
    assert own.shadow_price.tolist() == pytest.approx([7.0] * 24)
    assert own.direction.tolist() == ["lower"] * 24


def on(name: str, column: str, by: float) -> Change:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        at = table.index[table["constraint"] == name][0]
        table.loc[at, column] += by
        return table

    return change


def without(name: str) -> Change:
    return lambda table: table[table["constraint"] != name]


@pytest.mark.parametrize(
    ("table", "change", "check"),
    [
        ("constraints", on("nomogram", "limit_mw", 5.0), "custom.limit_mw"),
        ("constraints", on("nomogram", "flow_mw", 5.0), "custom.flow_mw"),
        ("constraints", on("nomogram", "shadow_price", 3.0), "custom.price_terms"),
        ("constraints", on("more", "penalty_mw", -10.0), "custom.penalty_mw"),
        ("constraints", on("more", "shadow_price", 1.0), "custom.shadow_price"),
        ("constraints", without("nomogram"), "rent.identity"),
        ("constraints", without("more"), "prices.unit"),
        ("price_terms", on("nomogram", "dfax", 0.1), "custom.dfax"),
        ("price_terms", without("nomogram"), "custom.dfax"),
        ("slacks", on("more", "mw", -10.0), "custom.slack"),
        ("slacks", on("more", "penalty", 1.0), "money.penalty_price"),
        ("slacks", without("more"), "custom.limit"),
    ],
)
def test_changes_are_found(run: Run, table: str, change: Change, check: str) -> None:
    assert check in checks(run, table, change)


def test_a_dispatch_that_breaks_the_limit(run: Run) -> None:
    def more_brighton(table: pd.DataFrame) -> pd.DataFrame:
        tight = run.constraints[run.constraints.constraint == "nomogram"].interval_start.iloc[0]
        at = (table.interval_start == tight) & (table.unit == "Brighton")
        table.loc[at, "mw"] += 20.0
        return table

    assert "custom.limit" in checks(run, "dispatch", more_brighton)
