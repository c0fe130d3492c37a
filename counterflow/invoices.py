"""Pages of a month's statement: an overview and one invoice for every participant, for printing."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined

if TYPE_CHECKING:
    from settlement.month import MonthStatement

__all__ = ["month_pages"]

_LINES_SHOWN = 2000
"""Lines printed on an invoice; all of them are in the CSV beside it."""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<title>{{ title }}</title>
<style>
body { font: 14px/1.45 system-ui, sans-serif; color: #1c2733; margin: 2rem auto; max-width: 62rem;
  padding: 0 1rem }
h1 { font-size: 1.4rem; margin: 0 0 .2rem } h2 { font-size: 1.05rem; margin: 1.8rem 0 .4rem }
.sub { color: #5a6b7b } .due { font-size: 1.2rem; margin: 1rem 0 }
.partial { border: 2px solid #b3261e; color: #b3261e; padding: .5rem .8rem; margin: 1rem 0;
  font-weight: 600 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .22rem .6rem; border-bottom: 1px solid #dde4ea;
  vertical-align: top }
th { border-bottom: 2px solid #9fb0be; font-weight: 600 }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.rule { color: #5a6b7b; font-size: .85rem } tr.total td { font-weight: 600 }
thead { display: table-header-group } tr { break-inside: avoid }
@media print { body { margin: 0; max-width: none; font-size: 10pt }
  a { color: inherit; text-decoration: none } .partial { break-inside: avoid } }
</style></head><body>
<h1>{{ title }}</h1>
<div class="sub">{{ month.month }} &middot; {{ month.currency }} &middot; {{ month.timezone }}
 &middot; version of code {{ month.code_version }}</div>
{% if month.partial %}<div class="partial">Partial: {{ month.missing | length }} days are missing
({{ month.missing | join(", ") }}).</div>{% endif %}
{{ body }}
</body></html>
"""

_INVOICE = """
<div class="due">{% if net > 0 %}To be paid to {{ owner }}: {{ net | money }}
{%- elif net < 0 %}To be paid by {{ owner }}: {{ -net | money }}
{%- else %}Nothing is due.{% endif %} {{ month.currency }}</div>
<h2>By item</h2>
<table><thead><tr><th>item</th><th class="n">lines</th><th class="n">quantity</th>
<th class="n">amount</th></tr></thead><tbody>
{% for row in items %}<tr><td>{{ row.item }}</td><td class="n">{{ row.lines }}</td>
<td class="n">{{ row.quantity | plain }}</td><td class="n">{{ row.amount | money }}</td></tr>
{% endfor %}<tr class="total"><td>total</td><td></td><td></td><td class="n">{{ net | money }}</td>
</tr></tbody></table>
<h2>By day</h2>
<table><thead><tr><th>day</th><th>version</th><th>run</th><th class="n">amount</th></tr></thead>
<tbody>{% for row in days %}<tr><td>{{ row.day }}</td><td>{{ row.version }}</td>
<td>{{ row.run[:12] }}</td><td class="n">{{ row.amount | money }}</td></tr>
{% endfor %}</tbody></table>
{% if changes %}<h2>Changes from version to version</h2>
<table><thead><tr><th>day</th><th>version</th><th class="n">total</th><th class="n">change</th></tr>
</thead><tbody>{% for row in changes %}<tr><td>{{ row.day }}</td><td>{{ row.version }}</td>
<td class="n">{{ row.total | money }}</td><td class="n">{{ row.change | money }}</td></tr>
{% endfor %}</tbody></table>{% endif %}
<h2>Lines</h2>
{% if left_out %}<p>{{ shown }} of {{ shown + left_out }} lines; all are in {{ name }}.csv.</p>
{% endif %}
<table><thead><tr><th>line</th><th>from</th><th>item</th><th>subject</th><th class="n">quantity</th>
<th class="n">price</th><th class="n">amount</th></tr></thead><tbody>
{% for row in lines %}<tr><td>{{ row.line }}</td><td>{{ row.interval_start.isoformat() }}</td>
<td>{{ row.item }}</td><td>{{ row.subject }}<div class="rule">{{ row.rule }}</div></td>
<td class="n">{{ row.quantity | plain }}</td><td class="n">{{ row.price | plain }}</td>
<td class="n">{{ row.amount | money }}</td></tr>
{% endfor %}</tbody></table>
"""

_OVERVIEW = """
<h2>Netting</h2>
<table><thead><tr><th>owner</th><th class="n">credits</th><th class="n">charges</th>
<th class="n">net</th></tr></thead><tbody>
{% for row in netting %}<tr><td><a href="invoices/{{ files[row.owner] }}.html">{{ row.owner }}</a>
</td><td class="n">{{ row.credits | money }}</td><td class="n">{{ row.charges | money }}</td>
<td class="n">{{ row.net | money }}</td></tr>
{% endfor %}<tr class="total"><td>sum</td><td></td><td></td><td class="n">{{ total | money }}</td>
</tr></tbody></table>
<h2>Days</h2>
<table><thead><tr><th>day</th><th>version</th><th>run</th><th>real time</th><th>rulebook</th></tr>
</thead><tbody>{% for row in days %}<tr><td>{{ row.day }}</td>
<td>{{ row.version or "missing" }}</td><td>{{ row.run[:12] }}</td><td>{{ row.real_time[:12] }}</td>
<td>{{ row.rulebook }}</td></tr>
{% endfor %}</tbody></table>
<h2>Day-ahead price indices of the month</h2>
<table><thead><tr><th>index</th><th class="n">price</th><th class="n">MWh</th></tr></thead><tbody>
{% for row in indices %}<tr><td>{{ row.index }}</td><td class="n">{{ row.price | money }}</td>
<td class="n">{{ row.mwh | plain }}</td></tr>
{% endfor %}</tbody></table>
"""


def month_pages(month: MonthStatement) -> dict[str, str]:
    """`statement.html` and `invoices/NNN-OWNER.html` by name: self-contained, made for print.

    A partial month says so on every page.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.filters |= {"money": _money, "plain": _plain}
    page, invoice, overview = (
        environment.from_string(text) for text in (_PAGE, _INVOICE, _OVERVIEW)
    )

    def render(title: str, body: str) -> str:
        from markupsafe import Markup

        return page.render(title=title, month=month.manifest, body=Markup(body))

    files = {owner: name for name, owner in month.invoice_names().items()}
    monthly = month.indices[month.indices["index"].str.endswith(" month")]
    values: dict[str, Any] = {
        "netting": _rows(month.netting), "files": files, "total": month.total(),
        "days": _rows(month.days),
        "indices": [{**row, "index": row["index"].removesuffix(" month")}
                    for row in _rows(monthly)],
    }  # fmt: skip
    pages = {"statement.html": render("Statement of the month", overview.render(values))}
    for owner, name in files.items():
        body = invoice.render(_invoice(month, owner, name))
        pages[f"invoices/{name}.html"] = render(f"Invoice: {owner}", body)
    return pages


def _invoice(month: MonthStatement, owner: str, name: str) -> dict[str, Any]:
    lines = month.of(owner)
    groups = lines.groupby(["day", "version", "run"], sort=True)["amount"]
    days = [
        {"day": key[0], "version": key[1], "run": key[2], "amount": sum(rows, Decimal(0))}
        for key, rows in groups
    ]
    own = month.versions[month.versions["owner"] == owner]
    several = own[own.duplicated("day", keep=False)]
    shown = lines.head(_LINES_SHOWN)
    return {
        "month": month.manifest,
        "owner": owner,
        "name": name,
        "net": month.total(owner),
        "items": _rows(month.invoices[month.invoices["owner"] == owner]),
        "days": days,
        "changes": _rows(several),
        "lines": _rows(shown),
        "shown": len(shown),
        "left_out": len(lines) - len(shown),
    }


def _rows(table: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_dict("records")
    return rows


def _money(value: Decimal) -> str:
    return f"{value:,.2f}" if value.as_tuple().exponent == -2 else f"{value:,}"


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():,f}"
    return f"{value:,.6g}" if isinstance(value, float) and value % 1 else f"{value:,.0f}"
