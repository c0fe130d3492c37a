"""``counterflow mitigate --rulebooks`` and ``--sweep``: one day under many rules."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from counterflow.commands.options import bad

if TYPE_CHECKING:
    from cases import Run

_HEADINGS = {
    "rulebook": "rules",
    "units_mitigated": "units",
    "who": "who",
    "price": "price",
    "load_payment": "load pays",
    "uplift": "uplift",
    "production_cost": "offered cost",
    "production_cost_at_reference": "cost at reference",
    "commitment": "commitment",
    "proof": "proof",
    "noise": "noise",
    "difference": "differs by",
    "type1_components": "type 1",
    "type2_components": "type 2",
    "under_mitigation": "missed",
    "over_mitigation": "too far",
    "note": "note",
}


def mitigate_many(
    run: Run,
    rulebooks: Sequence[str],
    sweep: Mapping[str, str],
    rulebook: str | None,
    settings: Mapping[str, str],
    earlier: Sequence[Run],
    output: Path | None,
    as_of: str | None,
    *,
    strict: bool,
    as_json: bool,
) -> None:
    """Mitigate one run by several rulebooks or along a sweep, and compare the outcomes."""
    from cases.errors import DataWarning
    from counterflow import console
    from counterflow.heard import no_warnings
    from counterflow.many_rules import mitigate_by_rulebooks, mitigate_by_sweep

    if sweep and settings:
        raise bad("usage", "a sweep takes all its keys from --sweep; a single value is one too")
    values = {key: [v.strip() for v in text.split(",")] for key, text in sweep.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # the parent's, told when it was read
        if rulebooks:
            found = mitigate_by_rulebooks(
                run, rulebooks, settings=settings, earlier=earlier, as_of=as_of
            )
        else:
            found = mitigate_by_sweep(run, values, rulebook=rulebook, earlier=earlier, as_of=as_of)
    no_warnings(strict, (text for made in found.runs.values() for text in made.stated["warnings"]))
    if output is not None:
        found.write(output)
    if as_json:
        told = {"clearings": found.clearings, "asked": found.asked}
        console.print_json({"ok": True, "folder": output, **told, "comparison": found.table})
        return
    page = console.out()
    headings = {name: text for name, text in _HEADINGS.items() if name in found.table}
    title = f"{run.case.meta.name} under many rules, {run.case.meta.currency}"
    page.print(console.table(found.table, title, headings, digits=2))
    page.print(
        f"{found.clearings} clearings made for the {found.asked} that were asked for; missed and "
        "too far: load x price above and below every offer at its reference; type 1: replaced and "
        "moved nothing, type 2: above its reference, kept, and the price too; within the gap: "
        "another schedule that costs the same as far as was proven; within the noise: no price "
        "moved by more than without any replacement; neither is an effect of rules",
        markup=False,
    )
    if output is not None:
        page.print(f"\nwritten to {output}", markup=False)
