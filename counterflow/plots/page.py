"""All figures of a run as pages in a folder: nothing is fetched from a network."""

from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from cases import Proof, Run
from cases.files.folders import new_folder
from counterflow.plots.duration import price_duration
from counterflow.plots.heat_map import lmp_heat_map
from counterflow.plots.lmp_map import lmp_map
from counterflow.plots.merit_order import merit_order
from counterflow.plots.rent import constraint_rent
from counterflow.plots.structure import (
    RULE,
    pivotal_heat_map,
    relief_supply_curve,
    structure_duration,
)
from counterflow.plots.style import FONT, INK, MUTED, horizon

Figures = dict[str, tuple[str, Callable[[Run], go.Figure]]]

FIGURES: Figures = {
    "lmp_map": ("LMP map", lmp_map),
    "lmp_heat_map": ("LMP by bus and interval", lmp_heat_map),
    "price_duration": ("Price duration", price_duration),
    "merit_order": ("Merit order", merit_order),
    "constraint_rent": ("Constraint rent", constraint_rent),
}
CONSTRAINT_TESTS: Figures = {
    "pivotal_heat_map": ("Three pivotal suppliers", pivotal_heat_map),
    "relief_supply": ("Supply of relief", relief_supply_curve),
}
INDICES: Figures = {
    "rsi_duration": ("RSI duration", structure_duration),
    "concentration_duration": (
        "Concentration duration",
        partial(structure_duration, indices=("hhi.available", "hhi.cleared")),
    ),
}

SCRIPT = "plotly.min.js"


def figures_of(run: Run) -> Figures:
    """Return the figures that a run has the tables for, by the name of their page."""
    found, tests = dict(FIGURES), run.tests_structure
    if ((tests["rule_id"] == RULE) & (tests["need_mw"] > 0)).any():
        found |= CONSTRAINT_TESTS
    if {"rsi1", "hhi.cleared"} <= set(run.indices["index"]):
        found |= INDICES
    return found


def write(run: Run, folder: str | Path) -> list[Path]:
    """Write every figure that the run has tables for as a page, and ``index.html`` with all.

    The pages share one script beside them, and work from a disk or any server. The folder is
    written whole or not at all.

    Returns
    -------
    list of Path
        The pages, ``index.html`` first.

    Raises
    ------
    InputError
        The folder exists already.
    """
    target, figures = Path(folder), figures_of(run)
    with new_folder(target) as part:
        (part / SCRIPT).write_text(get_plotlyjs(), encoding="utf-8")
        for name, (_, draw) in figures.items():
            (part / f"{name}.html").write_text(figure_page(draw(run), name), encoding="utf-8")
        (part / "index.html").write_text(_index(run, figures), encoding="utf-8")
    return [target / f"{name}.html" for name in ("index", *figures)]


def figure_page(figure: go.Figure, name: str) -> str:
    """Return a figure as a page that loads the script beside it; the same bytes every time."""
    page: str = figure.to_html(
        include_plotlyjs=SCRIPT,
        full_html=True,
        auto_play=False,
        div_id=name,
        default_height=f"{figure.layout.height}px" if figure.layout.height else "100vh",
        config={"displaylogo": False, "responsive": True},
    )
    return page.replace("<head>", f"<head><title>{escape(name)}</title>", 1).replace(
        "<body>", '<body style="margin:0">', 1
    )


def _index(run: Run, figures: Figures) -> str:
    heading = escape(horizon(run))
    money = run.case.meta.currency
    facts = [
        f"run {run.id[:12]}",
        f"rulebook {run.rulebook.name}",
        f"prices in {money}",
    ]
    facts.append(Proof.of(run.stated).text(money))
    sections = "\n".join(
        f'<section id="{name}"><iframe src="{name}.html" title="{title}" loading="lazy"></iframe>'
        f'<a href="{name}.html">open {title} alone</a></section>'
        for name, (title, _) in figures.items()
    )
    links = " ".join(f'<a href="#{name}">{title}</a>' for name, (title, _) in figures.items())
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{heading}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font-family: {FONT}; color: {INK}; margin: 0 auto; max-width: 1280px; padding: 1rem; }}
h1 {{ font-size: 1.4rem; margin: 0 0 .2rem; }}
p, section > a {{ color: {MUTED}; font-size: .85rem; margin: 0 0 1rem; }}
nav a {{ margin-right: 1.2rem; color: #00598c; }}
section {{ margin: 1.2rem 0 2rem; }}
iframe {{ width: 100%; height: 660px; border: 1px solid #e3e7eb; border-radius: 6px; }}
@media print {{ nav, section > a {{ display: none; }} section {{ break-inside: avoid; }} }}
</style></head><body>
<h1>{heading}</h1>
<p>{escape(", ".join(facts))}</p>
<nav>{links}</nav>
{sections}
</body></html>
"""
