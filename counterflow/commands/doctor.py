"""``counterflow doctor``: whether this installation works."""

from __future__ import annotations

import typer

from counterflow.commands.options import Json


def run(as_json: Json = False) -> None:
    """Check this installation: versions, the solver, packages that are missing or shadowed.

    Exit code 3 where something is wrong.
    """
    from counterflow import console
    from counterflow.doctor import examined

    found = examined()
    wrong = [each for each in found if not each.ok]
    if as_json:
        rows = [{"what": e.what, "found": e.found, "ok": e.ok} for e in found]
        console.print_json({"ok": not wrong, "checks": rows})
    else:
        page = console.out()
        for each in found:
            mark, style = ("ok   ", "green") if each.ok else ("WRONG", "red")
            page.print(f"{mark}  {each.what}: {each.found}", markup=False, style=style)
    if wrong:
        raise typer.Exit(3)
