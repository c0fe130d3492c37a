"""From a page as data to one HTML file that needs nothing else."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any, Final

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from counterflow.pages.page import Page
from counterflow.pages.text import Language, Text, dictionary

__all__ = ["SCRIPTS", "page_html"]

SCRIPTS: Final = (
    "words.js",
    "state.js",
    "table.js",
    "decisions.js",
    "grids.js",
    "charts.js",
    "renderers.js",
    "map.js",
    "whatif.js",
    "page.js",
)
"""Scripts of the page in the order in which they are loaded; each does one thing."""
_PLOTLY: Final = "plotly-cartesian.min.js"
_DECK: Final = ("deck.gl-core.min.js", "deck.gl-layers.min.js")


def page_html(page: Page, language: Language = "en") -> str:
    """Write a page as one self-contained document.

    Parameters
    ----------
    page
        What `counterflow.pages.page` makes.
    language
        The language that it opens in; the reader can change it.
    """
    blocks = [block for panel in page.panels for block in panel.blocks]
    vendored = [_PLOTLY] if any(block.kind == "chart" for block in blocks) else []
    if page.uses_deck:
        vendored += _DECK
    template = _environment().get_template("page.html.j2")
    return template.render(
        page=page,
        language=language,
        style=_inline(_read("static", "page.css"), "style"),
        vendored=[
            (name.partition(".")[0].partition("-")[0], _inline(_read("vendor", name), "script"))
            for name in vendored
        ],
        scripts=[_inline(_read("static", name), "script") for name in SCRIPTS],
        data=_json(page.data()),
        words=_json(dictionary()),
        say=lambda text: filled(text, language, page.starts),
        word=lambda key: dictionary()[key][language],
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("counterflow.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["json"] = lambda value: json.dumps(
        value, ensure_ascii=False, allow_nan=False
    )
    environment.tests["text"] = lambda value: isinstance(value, Text)
    return environment


@cache
def _read(folder: str, name: str) -> str:
    return files("counterflow.pages").joinpath(folder, name).read_text("utf-8")


def _inline(text: str, element: str) -> Markup:
    """Write a script or style of our own so that nothing in it can end its element."""
    if f"</{element}" in text.lower():
        text = text.replace(f"</{element}", f"<\\/{element}")
    return Markup(text)


def _json(value: Any) -> Markup:
    """Data for a script element: no "<" can be read as markup, no NaN, no line separators."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in ("<", "\u2028", "\u2029"):
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def filled(text: Text, language: Language, starts: pd.DatetimeIndex) -> str:
    """Fill a text of the dictionary with its values, in one language."""
    entry = dictionary()[text.key]
    values = {name: _written(value, language, starts) for name, value in text.values.items()}
    return _HOLE.sub(lambda hole: _in_hole(hole, text, values), entry[language])


_HOLE: Final = re.compile(r"\{(\w+)(?::([^|}]*)\|([^}]*))?\}")
"""``{name}``, or ``{name:one|many}``: the first word where the number is one."""


def _in_hole(hole: re.Match[str], text: Text, values: dict[str, str]) -> str:
    name, one, many = hole.groups()
    if one is None:
        return values[name]
    value = text.values[name]
    return str(one) if value[1] == 1 else str(many)


def _written(value: Any, language: Language, starts: pd.DatetimeIndex) -> str:
    if isinstance(value, Text):
        return filled(value, language, starts)
    if not isinstance(value, tuple):
        return str(value)
    kind, number = value
    if kind == "time":
        moment = pd.Timestamp(number)
        one_day = len(starts) and starts[0].date() == starts[-1].date()
        return moment.strftime("%H:%M" if one_day else "%m-%d %H:%M")
    if number != number:
        return "–"
    digits = {"price": 2, "signed_price": 2, "mw": 1, "signed_percent": 1, "percent": 1}
    digits |= {"factor": 2, "number": 1}
    places = digits.get(kind, 0)
    if kind == "number" and float(number).is_integer():
        places = 0
    written = f"{abs(number):,.{places}f}"
    if written.strip("0.,"):
        sign = "\u2212" if number < 0 else "+" if kind.startswith("signed") else ""
        written = f"{sign}{written}"
    return f"{written}%" if kind.endswith("percent") else written
