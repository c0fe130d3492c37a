"""``counterflow explain --reserve``: what makes a reserve price."""

from __future__ import annotations

from cases import Run


def explain(run: Run, reserve: str, at: str, *, as_json: bool) -> None:
    """Explain the price of PRODUCT[:ZONE] at a time."""
    from counterflow import console
    from counterflow.explain.reserve import explain_reserve

    product, _, zone = reserve.partition(":")
    found = explain_reserve(run, product=product, zone=zone, at=at)
    if as_json:
        console.print_json({"ok": True, **found.to_dict()})
        return
    page = console.out()
    page.print(
        f"{product}{f' in {zone}' if zone else ''}, {console.stamp(found.interval_start)} to "
        f"{console.stamp(found.interval_end)}",
        markup=False,
        style="bold",
    )
    page.print(str(found), markup=False)
    for title, rows, headings in (
        (
            "Risks that set the price",
            found.setters,
            {"risk": "risk", "setter": "kind", "risk_mw": "MW", "shadow_price": "price"},
        ),
        (
            "What they are made of",
            found.terms,
            {"risk": "risk", "kind": "kind", "element": "element", "owner": "owner", "mw": "MW"},
        ),
        (
            "Who gave what",
            found.givers,
            {
                "name": "name",
                "kind": "kind",
                "owner": "owner",
                "mw": "MW",
                "offer_price": "offer",
                "paid": "paid",
                "marginal": "marginal",
            },
        ),
        (
            "Received over links",
            found.received,
            {
                "from_zone": "from",
                "sent_mw": "sent",
                "arrives_mw": "arrives",
                "received_mw": "counts",
            },
        ),
    ):
        if len(rows):
            page.print()
            page.print(console.table(rows, title, headings, digits=3, limit=30))
