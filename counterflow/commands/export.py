"""``counterflow export``: prices in a published market's columns, or offers after a delay."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from counterflow.commands.options import Json, RunFolder, bad, read_run


def _key(path: Path) -> str:
    from cases.files.text import NotText, decoded

    try:
        return decoded(path.read_bytes()).strip()
    except (OSError, NotText) as error:
        raise bad("usage", f"--mask-key {path} cannot be read: {error}") from None


def run(
    run: RunFolder,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="A .csv or .parquet file.")
    ],
    profile: Annotated[
        Literal["gridstatus", "pjm", "nyiso"],
        typer.Option(
            "--profile",
            metavar="gridstatus|pjm|nyiso",
            help="Whose columns; nyiso writes congestion with the opposite sign, as NYISO does.",
        ),
    ] = "gridstatus",
    offers: Annotated[
        Literal["unit", "aggregate", "masked"] | None,
        typer.Option(
            "--offers",
            metavar="unit|aggregate|masked",
            help="Export offers instead of prices: by unit, as one curve, or under masks.",
        ),
    ] = None,
    delay_days: Annotated[
        float | None,
        typer.Option(
            "--delay-days", help="With --offers: days after its end until an interval may be shown."
        ),
    ] = None,
    mask_key: Annotated[
        Path | None,
        typer.Option(
            "--mask-key",
            metavar="FILE",
            help="With --offers masked: a file with a secret; the same secret, the same masks.",
        ),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(
            "--layout",
            metavar="NAME-offers",
            help="Offers, prices and load as a market publishes them: pjm-offers, isone-offers, "
            "nyiso-offers, miso-offers, ercot-offers, caiso-offers; -o names a new folder. With "
            "--mask-key under codes.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Export prices (buses; zones and hubs in the gridstatus profile), or offers after a delay."""
    from counterflow import console

    if layout is not None:
        if offers is not None or delay_days is not None:
            raise bad("usage", "--layout goes with --mask-key alone")
        from counterflow.layouts import write_published

        secret = _key(mask_key) if mask_key else ""
        files = write_published(read_run(run), output, layout, key=secret)
        if as_json:
            console.print_json({"ok": True, "folder": output, "layout": layout, "files": files})
        for file in [] if as_json else files:
            console.out().print(f"written: {file}", markup=False)
        return
    from counterflow.tables.disclosure import disclose
    from counterflow.tables.export import write_prices, write_table

    if offers is None:
        if delay_days is not None or mask_key is not None:
            raise bad("usage", "--delay-days and --mask-key go with --offers")
        rows = write_prices(read_run(run), output, profile)
        about: dict[str, object] = {"profile": profile}
    else:
        if delay_days is None:
            raise bad("usage", "--offers needs --delay-days")
        days, key = delay_days, _key(mask_key) if mask_key else ""
        cleared = read_run(run)
        rows = write_table(lambda: disclose(cleared, delay_days=days, form=offers, key=key), output)
        about = {"offers": offers, "delay_days": delay_days}
    if as_json:
        console.print_json({"ok": True, "file": output, **about, "rows": rows})
    else:
        console.out().print(f"{rows:,d} rows written to {output}", markup=False)
