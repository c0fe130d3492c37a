"""The site as a Starlette application over one folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pandas as pd
from markupsafe import Markup, escape
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from cases import Run
from cases.errors import CounterflowError
from counterflow.evidence import evidence_bytes
from counterflow.pages.audience import Audience
from counterflow.pages.report import render
from counterflow.server.decisions import FILTERS, PAGE, decisions_page
from counterflow.server.folders import found, listing
from counterflow.server.guard import PAGE_POLICY, Guard
from counterflow.server.jobs import Job, Jobs
from counterflow.tables.comparison import compare

__all__ = ["site"]

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem;color:#1b1f24;background:#fff}"
    "table{border-collapse:collapse}td,th{padding:.3rem .7rem;border-bottom:1px solid #ccd;"
    "text-align:left}label{margin-right:1rem}textarea{width:30rem;height:6rem;display:block}"
)


def site(home: Path, audience: Audience, **limits: Any) -> Guard:
    """Make the application; ``limits`` are those of `counterflow.server.guard.Guard`."""
    pages = _Pages(home, audience)

    @asynccontextmanager
    async def alive(app: Starlette) -> AsyncIterator[None]:
        yield
        pages.jobs.close()

    routes = [
        Route("/", pages.told(pages.index)),
        Route("/enter", pages.told(pages.enter)),
        Route("/static/{name}", pages.static),
        Route("/compare", pages.told(pages.compared)),
        Route("/run/{name}", pages.told(pages.run)),
        Route("/run/{name}/decisions", pages.told(pages.decisions)),
        Route("/run/{name}/evidence.zip", pages.told(pages.evidence)),
        Route("/run/{name}/mitigate", pages.told(pages.form)),
        Route("/run/{name}/mitigate", pages.told(pages.mitigate), methods=["POST"]),
        Route("/job/{number:int}", pages.told(pages.job)),
        Route("/job/{number:int}/cancel", pages.told(pages.cancel), methods=["POST"]),
    ]
    return Guard(Starlette(routes=routes, lifespan=alive), **limits)


class _Pages:
    def __init__(self, home: Path, audience: Audience) -> None:
        self.home, self.audience, self.jobs = home, audience, Jobs(home)

    def told(self, page: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
        """Answer what is wrong with a folder or a request as a page."""

        def safe(request: Request) -> Response:
            try:
                return page(request)
            except CounterflowError as error:
                text = str(error).replace(f"{self.home}/", "")
                if self.audience.kind != "monitor":  # a message may name what others own
                    text = "it is not here, cannot be read, or is not disclosed"
                return _page("Not possible", Markup("<pre>{}</pre>").format(text), 404)
            except Exception:  # never a stack trace to a reader
                said = "This page could not be made; counterflow verify tells whether it is whole."
                return _page("Not possible", escape(said), 500)

        async def answer(request: Request) -> Response:
            return await run_in_threadpool(safe, request)

        return answer

    def _of_the_monitor(self) -> None:
        from counterflow.server.jobs import _bad

        if self.audience.kind != "monitor":
            raise _bad("only the monitor's site has this")

    def index(self, request: Request) -> Response:
        search = request.query_params.get("q", "")
        table = listing(self.home, search)
        if self.audience.kind != "monitor":
            table = table.assign(told="")
        rows = Markup().join(_listed(row) for row in table.itertuples(index=False))
        body = Markup(
            '<form><label>Search <input name="q" value="{}"></label><button>Search</button></form>'
            '<form action="/compare"><label>A <input name="a"></label><label>B <input name="b">'
            "</label><button>Compare</button></form><table><tr><th>Folder<th>Kind<th>Case<th>Made"
            "<th></tr>{}</table>"
        ).format(search, rows)
        return _page("Runs and studies", body)

    def enter(self, request: Request) -> Response:
        return _page(
            "Enter",
            Markup('<form method="post" action="/enter"><label>Token <input name="token" '
                   'type="password" autocomplete="off"></label><button>Enter</button></form>'),
        )  # fmt: skip

    async def static(self, request: Request) -> Response:
        """The style and htmx: nothing else has a name here."""
        name = request.path_params["name"]
        if name == "site.css":
            return Response(_STYLE, media_type="text/css")
        if name == "htmx.min.js":
            script = files("counterflow.server").joinpath("vendor", name).read_bytes()
            return Response(script, media_type="text/javascript")
        return _page("Not here", Markup(), 404)

    def run(self, request: Request) -> Response:
        folder = found(self.home, request.path_params["name"])
        text = render([folder], audience=self.audience)
        return HTMLResponse(text, headers={"content-security-policy": PAGE_POLICY})

    def decisions(self, request: Request) -> Response:
        folder, asked = found(self.home, request.path_params["name"]), request.query_params
        number = asked.get("page", "0")
        page = min(int(number), 10**9) if number.isdecimal() else 0
        filters = {name: asked.get(name, "") for name in FILTERS}
        rows, total = decisions_page(folder, self.audience, filters, page)
        fields = Markup().join(
            Markup('<label>{0} <input name="{0}" value="{1}"></label>').format(name, value)
            for name, value in filters.items()
        )
        links = Markup().join(
            Markup('<a href="?{}">{}</a> ').format(urlencode({**filters, "page": p}), word)
            for p, word in ((page - 1, "previous"), (page + 1, "next"))
            if 0 <= p * PAGE < total
        )
        body = Markup(
            '<form hx-get="" hx-target="body" hx-push-url="true">{}<button>Filter</button></form>'
            "<p>{} decisions, page {} {}</p>{}"
        ).format(fields, total, page + 1, links, _table(rows))
        return _page(f"Decisions of {folder.name}", body)

    def evidence(self, request: Request) -> Response:
        self._of_the_monitor()
        folder, asked = found(self.home, request.path_params["name"]), request.query_params
        data = evidence_bytes(folder, unit=asked.get("unit"), at=asked.get("at"))
        told = f"attachment; filename*=utf-8''{quote(folder.name, safe='')}-evidence.zip"
        headers = {"content-disposition": told}
        return Response(data, media_type="application/zip", headers=headers)

    def compared(self, request: Request) -> Response:
        self._of_the_monitor()
        a, b = (Run.read(found(self.home, request.query_params.get(k, ""))) for k in "ab")
        told = compare(a, b)
        rows = [(t.table, t.rows_a, t.rows_b, "within" if t.within else "differs")
                for t in told.tables]  # fmt: skip
        tables = pd.DataFrame(rows, columns=["table", "rows A", "rows B", "verdict"])
        return _page("Comparison", _table(tables) + _table(told.money) + _table(told.changes))

    def form(self, request: Request) -> Response:
        self._of_the_monitor()
        folder = found(self.home, request.path_params["name"])
        body = Markup(
            '<form method="post"><input type="hidden" name="form_token" value="{}"><label>New '
            'folder <input name="name"></label><label>Settings, key=value a line<textarea '
            'name="settings"></textarea></label><label>Overrides, CSV: unit, interval_start, '
            'component, action, author, reason<textarea name="overrides"></textarea></label>'
            "<button>Mitigate</button></form>"
        ).format(request.state.form_token)
        return _page(f"Mitigate {folder.name} again", body)

    def mitigate(self, request: Request) -> Response:
        self._of_the_monitor()
        folder, form = found(self.home, request.path_params["name"]), request.state.form
        said = (form.get(name, "") for name in ("name", "settings", "overrides"))
        return RedirectResponse(f"/job/{self.jobs.start(folder, *said).number}", 303)

    def _job(self, request: Request) -> Job:
        from counterflow.server.jobs import _bad

        self._of_the_monitor()
        job = self.jobs.all.get(request.path_params["number"])
        if job is None:
            raise _bad("there is no such job")
        return job.look()

    def job(self, request: Request) -> Response:
        job = self._job(request)
        live = Markup(' hx-get="" hx-trigger="every 1s" hx-target="body"')
        body = Markup(
            '<p role="status"{}>{}: {}, {:.0f} s</p><pre>{}</pre>'
        ).format(live if job.state == "running" else "", job.run, job.state, job.seconds,
                 job.message.replace(f"{self.home}/", ""))  # fmt: skip
        if job.state == "running":
            body += Markup(
                '<form method="post" action="/job/{}/cancel"><input type="hidden" '
                'name="form_token" value="{}"><button>Cancel</button></form>'
            ).format(job.number, request.state.form_token)
        elif job.state == "done":
            body += Markup('<a href="/run/{0}">{0}</a>').format(job.target.name)
        return _page("Mitigation", body)

    def cancel(self, request: Request) -> Response:
        job = self._job(request)
        job.cancel()
        return RedirectResponse(f"/job/{job.number}", 303)


def _listed(row: Any) -> Markup:
    link = "/run/" + quote(row.folder, safe="")
    more = Markup()
    if row.kind == "mitigated":
        more = Markup(
            '<a href="{0}/decisions">decisions</a> <a href="{0}/evidence.zip">evidence</a>'
        ).format(link)
    elif row.kind == "cleared":
        more = Markup('<a href="{0}/mitigate">mitigate</a>').format(link)
    name = Markup('<a href="{}">{}</a>').format(link, row.folder)
    cells = (name, row.kind, row.case, row.made, more or row.told)
    return Markup("<tr>{}</tr>").format(
        Markup().join(Markup("<td>{}</td>").format(cell) for cell in cells)
    )


def _table(frame: pd.DataFrame) -> Markup:
    head = Markup().join(Markup("<th>{}</th>").format(str(name)) for name in frame)
    rows = (
        Markup("<tr>{}</tr>").format(
            Markup().join(
                Markup("<td>{}</td>").format("" if pd.isna(cell) else str(cell)) for cell in row
            )
        )
        for row in frame.itertuples(index=False)
    )
    return Markup("<table><tr>{}</tr>{}</table>").format(head, Markup().join(rows))


def _page(title: str, body: Markup, status: int = 200) -> HTMLResponse:
    config = '{"includeIndicatorStyles":false,"allowEval":false,"selfRequestsOnly":true}'
    text = Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{0}</title>'
        '<meta name="viewport" content="width=device-width"><meta name="htmx-config" content="{2}">'
        '<link rel="stylesheet" href="/static/site.css"><script src="/static/htmx.min.js" defer>'
        '</script></head><body><p><a href="/">Runs and studies</a></p><h1>{0}</h1>{1}</body></html>'
    ).format(title, body, config)
    return HTMLResponse(str(text), status)
