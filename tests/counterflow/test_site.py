"""Attacks on the site are refused; its numbers are those of the tables; jobs leave nothing else."""

from __future__ import annotations

import asyncio
import re
import shutil
import time
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

import counterflow as cf
from cases import InputError
from counterflow.cli import invoke
from counterflow.pages.audience import Audience
from counterflow.server import serve, site
from counterflow.server.decisions import PAGE, decisions_page
from counterflow.server.guard import Guard

HOST = "localhost:8765"
EVIL = "<script>alert(1)</script>"


class Reader:
    """A browser as far as the site sees it: keeps cookies, sends an origin with posts."""

    def __init__(self, app: Guard) -> None:
        self.app, self.cookie, self.headers = app, "", {}

    def ask(self, path: str, form: dict[str, str] | None = None, **headers: str) -> tuple[int, str]:
        path, _, query = path.partition("?")
        body = b"" if form is None else urlencode(form).encode()
        sent = {"host": HOST, "cookie": self.cookie, "content-length": str(len(body))}
        if form is not None:
            sent["origin"] = f"http://{HOST}"
        sent |= headers
        scope = {
            "type": "http",
            "method": "GET" if form is None else "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(k.encode(), v.encode()) for k, v in sent.items()],
            "client": ("127.0.0.1", 1),
            "server": ("localhost", 8765),
            "scheme": "http",
            "http_version": "1.1",
            "root_path": "",
        }
        got: list[Any] = []
        parts = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Any:
            if parts:
                return parts.pop(0)
            await asyncio.sleep(60)

        async def send(message: Any) -> None:
            got.append(message)

        asyncio.run(self.app(scope, receive, send))
        self.headers = {k.decode(): v.decode() for k, v in got[0]["headers"]}
        if "set-cookie" in self.headers:
            self.cookie = self.headers["set-cookie"].partition(";")[0]
        content = b"".join(m.get("body", b"") for m in got[1:])
        return got[0]["status"], content.decode("utf-8", "replace")

    def form_token(self, path: str) -> str:
        (token,) = re.findall(r'name="form_token" value="(\w+)"', self.ask(path)[1])
        return str(token)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("site") / "runs"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        case = cf.read_case("pjm5")
        price = case.offers["price"].mask(case.offers["unit"] == "Solitude", 125.0)
        bid = cf.clear(case.replace(offers=case.offers.assign(price=price)), commitment=False)
        bid.write(path / "bid")
        cf.mitigate(bid).write(path / "child")
    (path / EVIL.replace("/", "")).mkdir()
    shutil.copytree(path / "bid", path / "damaged")
    (path / "damaged" / "prices.parquet").write_bytes(b"no")
    (path.parent / "secret").mkdir()
    (path / "out").symlink_to(path.parent / "secret")
    return path


@pytest.fixture
def reader(home: Path) -> Reader:
    return Reader(site(home, Audience()))


def test_paths_cannot_leave(reader: Reader, home: Path) -> None:
    for name in ("../secret", "..%2fsecret", "..", "out", "%00", ".job-1", "child/../bid"):
        status, text = reader.ask(f"/run/{name}")
        assert status == 404 and "Traceback" not in text and str(home) not in text


def test_names_are_text_and_bad_folders_are_told(reader: Reader) -> None:
    status, text = reader.ask("/")
    assert status == 200 and "<script>alert" not in text and "&lt;script&gt;alert" in text
    assert "script-src 'self'" in reader.headers["content-security-policy"]
    status, text = reader.ask("/?q=" + EVIL)
    assert "<script>alert" not in text
    status, text = reader.ask("/run/damaged")
    assert status == 404 and "prices.parquet" in text and "Traceback" not in text


def test_the_page_of_a_run_has_no_session(reader: Reader) -> None:
    status, text = reader.ask("/run/child")
    assert status == 200 and "Solitude" in text
    policy = reader.headers["content-security-policy"]
    assert "sandbox" in policy and "allow-same-origin" not in policy and "http" not in policy


def test_tokens_and_sessions(home: Path) -> None:
    now = [0.0]
    reader = Reader(
        site(home, Audience(), token="x" * 20, session_seconds=10, clock=lambda: now[0])
    )
    assert reader.ask("/run/child")[0] == 303 and reader.headers["location"] == "/enter"
    assert reader.ask("/enter", {"token": "wrong"})[0] == 403
    assert reader.ask("/")[0] == 303
    assert reader.ask("/enter", {"token": "x" * 20})[0] == 303
    assert reader.ask("/")[0] == 200
    now[0] = 11.0
    assert reader.ask("/")[0] == 303


def test_forged_posts_and_other_hosts(reader: Reader, home: Path) -> None:
    token, form = reader.form_token("/run/bid/mitigate"), {"name": "forged"}
    path = "/run/bid/mitigate"
    assert reader.ask(path, {**form, "form_token": token}, origin="http://evil.example")[0] == 403
    assert reader.ask(path, {**form, "form_token": token}, origin="null")[0] == 403
    assert reader.ask(path, form)[0] == 403
    assert reader.ask(path, {**form, "form_token": "0" * 64})[0] == 403
    assert reader.ask("/", host="evil.example")[0] == 400
    assert not (home / "forged").exists()


def test_sizes_rates_and_slow_clients(home: Path) -> None:
    reader = Reader(site(home, Audience(), largest_body=100, rate=5))
    assert reader.ask("/run/bid/mitigate", {"name": "x" * 200})[0] == 413
    assert reader.ask("/run/bid/mitigate", {"name": "x" * 200}, **{"content-length": "5"})[0] == 413
    assert [reader.ask("/static/site.css")[0] for _ in range(4)] == [200, 200, 200, 429]
    slow = Guard(site(home, Audience()).app, body_seconds=0.05)

    async def stuck() -> Any:
        await asyncio.sleep(5)

    answer: Any = asyncio.run(slow._body(stuck))
    assert answer.status_code == 408


def test_filters_and_pages_are_those_of_the_table(reader: Reader, home: Path) -> None:
    table = cf.Run.read(home / "child").decisions
    seen, total = [], len(table)
    for page in range(total // PAGE + 1):
        rows, told = decisions_page(home / "child", Audience(), {}, page)
        assert told == total
        seen += list(zip(rows["unit"], rows["component"], strict=True))
    assert sorted(seen) == sorted(zip(table["unit"], table["component"], strict=True))
    began = time.perf_counter()
    rows, told = decisions_page(home / "child", Audience(), {"unit": "Solitude"}, 0)
    assert time.perf_counter() - began < 1
    assert told == (table["unit"] == "Solitude").sum() == len(rows)
    assert decisions_page(home / "child", Audience(), {"unit": "' or 1=1 --"}, 0)[1] == 0
    assert f"{told} decisions" in reader.ask("/run/child/decisions?unit=Solitude")[1]


def test_a_participant_sees_own_rows(home: Path) -> None:
    units = cf.Run.read(home / "child").case.units.set_index("unit")["owner"]
    owner = str(units["Alta"])
    others = [unit for unit, own in units.items() if own != owner]
    reader = Reader(site(home, Audience("participant", owner)))
    for path in ("/run/child", "/run/child/decisions", "/"):
        status, text = reader.ask(path)
        assert status == 200 and not [unit for unit in others if unit in text]
    assert "Alta" in reader.ask("/run/child/decisions")[1]
    for path in ("/run/child/evidence.zip", "/compare?a=bid&b=child", "/run/bid/mitigate"):
        assert reader.ask(path)[0] == 404


def _ended(reader: Reader, path: str) -> str:
    for _ in range(300):
        text = reader.ask(path)[1]
        if ": running" not in text:
            return text
        time.sleep(0.1)
    raise AssertionError("the job does not end")


@pytest.mark.slow
def test_mitigating_again(reader: Reader, home: Path) -> None:
    form = {"form_token": reader.form_token("/run/bid/mitigate"), "name": "cancelled"}
    assert reader.ask("/run/bid/mitigate", form)[0] == 303
    job = reader.headers["location"]
    assert reader.ask(f"{job}/cancel", form)[0] == 303
    assert "cancelled" in reader.ask(job)[1]
    bad = {**form, "name": "bad", "settings": "mitigation.no.such=1"}
    assert reader.ask("/run/bid/mitigate", bad)[0] == 303
    assert "mitigation.no" in _ended(reader, reader.headers["location"])
    good = {**form, "name": "strict", "settings": "mitigation.conduct.energy.percent=50"}
    assert reader.ask("/run/bid/mitigate", good)[0] == 303
    assert ": done" in _ended(reader, reader.headers["location"])
    assert cf.verify(home / "strict").empty
    left = {path.name for path in home.iterdir()}
    assert not {"cancelled", "bad"} & left and not [n for n in left if n.startswith(".job-")]
    run = cf.Run.read(home / "strict")
    assert run.rulebook.value_of("mitigation.conduct.energy.percent") == 50


def test_evidence_and_comparison(reader: Reader) -> None:
    assert reader.ask("/run/child/evidence.zip?unit=Solitude&at=15:00")[0] == 200
    assert reader.headers["content-type"] == "application/zip"
    assert reader.ask("/compare?a=bid&b=child")[0] == 200


def test_an_open_address_demands_a_token(home: Path) -> None:
    with pytest.raises(InputError, match="can be reached by others"):
        serve(home, host="0.0.0.0")
    assert invoke(["serve", str(home / "none")]) == 1
