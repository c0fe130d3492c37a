"""``counterflow settle STUDY --month``, or RUN... --month: the money of a month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterflow.commands.options import bad, free_folder, read_run

if TYPE_CHECKING:
    from cases import Run
    from settlement.disclosure import Viewer
    from settlement.month import MonthStatement


def runs_of(texts: Sequence[str]) -> tuple[list[Run], dict[str, str]]:
    """Read run folders, written as PATH or VERSION=PATH, and the runs in folders of runs.

    Returns the runs, and run id -> version for those that were given a name.

    Raises
    ------
    InputError
        Where a folder holds no run.
    """
    runs: dict[Path, Run] = {}
    names: dict[str, str] = {}
    for text in texts:
        name, equals, rest = text.partition("=")
        path = Path(rest if equals and not Path(text).exists() else text)
        for folder in _folders(path):
            key = folder.resolve()
            if key not in runs:
                runs[key] = read_run(folder)
            if path != Path(text):
                names[runs[key].id] = name
    return list(runs.values()), names


def _folders(path: Path) -> list[Path]:
    if any((path / name).is_file() for name in ("manifest.json", "case.toml")) or not path.is_dir():
        return [path]
    found = sorted(file.parent for file in path.rglob("manifest.json"))
    if not found:
        raise bad("no_run", f"{path} holds no run folder")
    return found


def settle_a_month(
    texts: Sequence[str],
    month: str,
    output: Path | None,
    paths: Mapping[str, Path | None],
    overrides: Mapping[str, str],
    *,
    scenario: str | None,
    rulebook: str,
    partial: bool,
    products: str | None,
    viewer: Viewer | None,
    strict: bool,
    as_json: bool,
) -> None:
    """Settle a month of a study, or of runs, write its folder and print it.

    Raises
    ------
    InputError
        Whatever is wrong; nothing is settled by half.
    """
    if output is not None:
        free_folder(output, "a statement")

    from counterflow import console
    from counterflow.heard import no_warnings
    from counterflow.invoices import month_pages
    from counterflow.studies.month import is_study, study_runs
    from settlement.disclosure import disclosed_month
    from settlement.month import settle_month

    given = dict(paths)
    if len(texts) == 1 and is_study(Path(texts[0])):
        found = study_runs(texts[0], month, scenario=scenario, rulebook=rulebook)
        runs, versions = found.runs, found.versions
        if not runs:
            raise bad("month", f"{texts[0]} has no finished run of {month}")
        given |= _of_study(found.tables, paths)
    else:
        if scenario is not None or rulebook:
            raise bad("usage", "--scenario and --rulebook are of a study; name the runs instead")
        runs, versions = runs_of(texts)
    statement = settle_month(
        runs,
        month,
        **read_given(runs[0].case.meta.timezone, **given),
        **read_product_file(products),
        overrides=dict(overrides) or None,
        versions=versions,
        partial=partial,
    )
    if viewer is not None:
        rules = runs[-1].rulebook.settlement.disclosure
        statement = disclosed_month(statement, viewer, rules)
    no_warnings(strict)
    if output is not None:
        statement.write(output, pages=month_pages(statement))
    if as_json:
        console.print_json({"ok": True, "folder": output, **document(statement)})
        return
    print_month(statement)
    if output is not None:
        console.out().print(f"\nwritten to {output}", markup=False)


def _of_study(own: Mapping[str, Path], given: Mapping[str, Path | None]) -> dict[str, Path]:
    """Tables that the study's days were settled with, where the command names no others."""
    found = {name: path for name, path in own.items() if given.get(name) is None}
    for name, path in found.items():
        if not path.exists():
            message = f"the study settles its days with {name} from {path}, which is not here"
            raise bad("missing", f"{message}: give --{name}")
    return found


def read_given(timezone: str, **paths: Path | None) -> dict[str, Any]:
    """Tables from the files that options name, ready for `settle` and `settle_month`."""
    from settlement.inputs import read_tables

    beside = {
        "contracts": ("contracts", "contract_curves", "frozen_curves"),
        "futures": ("futures", "settlement_prices", "collateral"),
    }
    found: dict[str, Any] = {}
    for name, path in paths.items():
        if path is not None:
            found |= read_tables(path, beside.get(name, (name,)), timezone)
    if "collateral" in found:
        own = found["collateral"]
        found["collateral"] = dict(zip(own["owner"], own["amount"], strict=True))
    return found


def read_product_file(products: str | None) -> dict[str, Any]:
    """Read the product file that an option names: the argument `products`, or nothing."""
    from settlement.futures import read_products

    return {} if products is None else {"products": read_products(products)}


def settle_energy(
    folder: Path,
    month: str,
    output: Path | None,
    rulebook: str,
    timezone: str,
    base_price: float | None,
    as_json: bool,
) -> None:
    """Settle a month without a spot market, write its folder and print it."""
    if output is not None:
        free_folder(output, "a statement")

    from cases import RuleBook
    from counterflow import console
    from counterflow.no_spot import settle_energy_month

    found = settle_energy_month(
        folder, month, rulebook=RuleBook.load(rulebook), timezone=timezone, base_price=base_price
    )
    if output is not None:
        found.write(output)
    if as_json:
        tables = {n: getattr(found, n) for n in ("deviations", "invoices", "netting")}
        console.print_json(
            {"ok": True, "folder": output, "month": month, "price": found.price, **tables}
        )
        return
    page = console.out()
    page.print(f"{month}   price of the month {found.price}", markup=False, style="bold")
    for name, title in (("deviations", "Deviations"), ("netting", "Netting")):
        table = getattr(found, name)
        numbers = [column for column in table.columns if column != "owner"]
        shown = table.astype(dict.fromkeys(numbers, float))
        page.print(console.table(shown, title, {column: column for column in shown.columns}))
    if output is not None:
        page.print(f"\nwritten to {output}", markup=False)


def print_month(month: MonthStatement) -> None:
    """Write the days that count, the balance of every owner, and what is due."""
    from counterflow import console

    page = console.out()
    manifest = month.manifest
    marked = "   PARTIAL" if manifest["partial"] else ""
    page.print(f"{manifest['month']}   {manifest['currency']}{marked}", markup=False, style="bold")
    if manifest["partial"]:
        page.print(f"missing: {', '.join(manifest['missing'])}", markup=False, style="yellow")
    page.print()
    money = [name for name in month.balance.columns if name != "owner"]
    used = [name for name in money if (month.balance[name] != 0).any() or name == "total"]
    title = f"Received, {month.currency} (negative: paid)"
    floats = month.balance.astype(dict.fromkeys(money, float))
    page.print(console.table(floats, title, {"owner": "owner", **{name: name for name in used}}))
    page.print(f"\nsum of all totals: {month.total():,.2f}", markup=False)
    again = month.versions[month.versions["change"] != 0]
    if len(again):
        page.print()
        columns = {name: name for name in ("day", "version", "owner", "total", "change")}
        table = again.astype({"total": float, "change": float})
        page.print(console.table(table, "Changes from version to version", columns, limit=40))


def document(month: MonthStatement) -> dict[str, Any]:
    """What ``--json`` prints."""
    return {
        "manifest": dict(month.manifest),
        "lines": len(month.lines),
        "balance": month.balance,
        "netting": month.netting,
        "days": month.days,
        "versions": month.versions,
        "indices": month.indices,
        "total": month.total(),
    }
