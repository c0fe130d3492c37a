"""Product files: the futures of a market as data, in TOML or CSV.

A TOML file holds the keys of a rulebook's section `settlement.futures` (calendar, lot_mw, tick,
...), a `name`, and a table `[products.NAME]` for every product with `hours`, `days` (all, working,
rest) or `complement_of`. A CSV file has a row for every product: product, hours such as
"08:00-11:00 18:00-21:00", days, complement_of; its other columns are keys that hold for all of
them, the same in every row or blank.
"""

from __future__ import annotations

import csv
import io
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cases.errors import Failure, InputError
from cases.files.convert import nearest
from cases.files.text import NotText, decoded
from cases.files.toml_lines import key_lines, line_of
from cases.rulebook.settlement import ProductRules
from settlement.time.blocks import parse_spans

__all__ = ["product_names", "read_products"]

_SHIPPED = Path(__file__).parent / "products"
_OF_BLOCK = ("hours", "summer_hours", "days", "complement_of")


def product_names() -> list[str]:
    """Names of the product files that are shipped."""
    return sorted(path.stem for path in _SHIPPED.glob("*.toml"))


def read_products(source: str | Path) -> ProductRules:
    """Read a product file, or one that is shipped by its name.

    Raises
    ------
    InputError
        With everything that is wrong in it: file, line, key.
    """
    path = Path(source)
    if not path.is_file():
        shipped = _SHIPPED / f"{source}.toml"
        if not shipped.is_file():
            known = product_names()
            message = f"no product file {str(source)!r}{nearest(str(source), known)}"
            raise InputError.one("", None, None, "products", message)
        path = shipped
    try:
        text = decoded(path.read_bytes())
    except NotText as error:
        raise InputError.one(path.name, error.line, None, error.rule, str(error)) from None
    lines: dict[str, int] = {}
    if path.suffix == ".csv":
        values = _of_csv(text, path)
    else:
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InputError.one(path.name, None, None, "toml", f"not TOML: {error}") from None
        lines = key_lines(text)
    try:
        rules = ProductRules.model_validate(values)
    except ValidationError as error:
        raise InputError(_failure(path, lines, item) for item in error.errors()) from None
    return rules


def _failure(path: Path, lines: dict[str, int], item: Any) -> Failure:
    key = ".".join(str(part) for part in item["loc"] if isinstance(part, str))
    message = item["msg"].removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        known = [*ProductRules.model_fields, *_OF_BLOCK]
        message = f"there is no such key{nearest(key.rpartition('.')[2], known)}"
    return Failure(path.name, line_of(lines, key or None), key or None, "products", message)


def _of_csv(text: str, path: Path) -> dict[str, Any]:
    rows = list(csv.DictReader(io.StringIO(text)))
    found: list[Failure] = []
    values: dict[str, Any] = {"name": path.stem, "products": {}}
    for line, row in enumerate(rows, start=2):
        name = (row.get("product") or "").strip()
        if not name or name in values["products"]:
            message = "the product has no name" if not name else f"product {name} is there twice"
            found.append(Failure(path.name, line, "product", "products", message))
            continue
        block: dict[str, Any] = {}
        for column, cell in row.items():
            content = (cell or "").strip()
            if column in (None, "product") or not content:
                continue
            if column not in _OF_BLOCK:
                own: Any = content
                if column in ("sessions", "summer_months"):
                    own = content if content.startswith("[") else f"[{content}]"
                if values.setdefault(column, own) != own:
                    message = f"{column} must be the same for all products"
                    found.append(Failure(path.name, line, column, "products", message))
            elif column in ("hours", "summer_hours"):
                spans = parse_spans(content)
                if any(minute % 60 for span in spans for minute in span):
                    found.append(Failure(path.name, line, column, "products", "whole hours only"))
                block[column] = tuple((start // 60, end // 60) for start, end in spans)
            else:
                block[column] = content
        values["products"][name] = block
    if found:
        raise InputError(found)
    return values
