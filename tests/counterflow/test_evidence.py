"""A pack says what the run says, is the same bytes twice, and tells every change to it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import warnings
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

import counterflow as cf
from cases import InputError
from cases.packs import pack_bytes
from counterflow.cli import invoke
from counterflow.evidence import evidence_bytes

AT = "2024-07-16T15:00:00-04:00"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The five-bus day on which Solitude asks 125 for what costs 30, before and after."""
    home = tmp_path_factory.mktemp("evidence")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        case = cf.read_case("pjm5")
        price = case.offers["price"].mask(case.offers["unit"] == "Solitude", 125.0)
        bid = cf.clear(case.replace(offers=case.offers.assign(price=price)), commitment=False)
        bid.write(home / "bid")
        cf.mitigate(bid).write(home / "child")
    return home


@pytest.fixture(scope="module")
def pack(runs: Path) -> Path:
    path = runs / "pack.zip"
    words = ["evidence", str(runs / "child"), "--unit", "Solitude", "--at", "15:00", "-o"]
    assert invoke([*words, str(path)]) == 0
    return path


def _rows(path: Path, name: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(path) as archive:
        return list(csv.DictReader(io.StringIO(archive.read(name).decode())))


def test_numbers_are_those_of_the_run(runs: Path, pack: Path) -> None:
    run, parent = cf.Run.read(runs / "child"), cf.Run.read(runs / "bid")
    energy = [r for r in _rows(pack, "decisions.csv") if r["component"] == "energy"]
    assert energy and {(r["unit"], r["interval_start"]) for r in energy} == {("Solitude", AT)}
    (row,) = (r for r in energy if r["action"] == "mitigated")
    assert float(row["offered"]) == 125  # as submitted above
    own = run.decisions[run.decisions["decision_id"] == row["decision_id"]].iloc[0]
    assert float(row["reference"]) == own["reference"]
    prices = {r["bus"]: r for r in _rows(pack, "prices_before_after.csv")}
    for side, source in (("before", parent), ("after", run)):
        told = source.prices[source.prices["interval_start"] == AT].set_index("bus")["lmp"]
        assert {bus: float(r[f"lmp_{side}"]) for bus, r in prices.items()} == told.to_dict()
    with zipfile.ZipFile(pack) as archive:
        assert "D-E binds at 2024-07-16 15:00" in archive.read("why.txt").decode()
        assert f"RUN-{parent.id[:12]}" in archive.read("command.txt").decode()
        assert run.rulebook.hash in archive.read("rules.txt").decode()
    assert any(r["key"].startswith("mitigation.conduct") for r in _rows(pack, "rules.csv"))
    tested = [r for r in _rows(pack, "tests_conduct.csv") if r["result"] == "fail"]
    assert {(r["unit"], r["interval_start"], float(r["offered"])) for r in tested} == {
        ("Solitude", AT, 125.0)
    }


def test_the_same_bytes_twice(runs: Path, pack: Path) -> None:
    again = evidence_bytes(runs / "child", unit="Solitude", at="15:00")
    assert again == pack.read_bytes()
    assert cf.verify(pack).empty


def test_the_whole_run(runs: Path, tmp_path: Path) -> None:
    path = tmp_path / "whole.zip"
    path.write_bytes(evidence_bytes(runs / "child"))
    assert len(_rows(path, "decisions.csv")) == len(cf.Run.read(runs / "child").decisions)
    assert invoke(["verify", str(path)]) == 0


def _with(pack: Path, target: Path, name: str, data: bytes | None) -> Path:
    """The pack with one member replaced, added, or (None) left out."""
    with zipfile.ZipFile(pack) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    if data is None:
        del members[name]
    else:
        members[name] = data
    with zipfile.ZipFile(target, "w") as archive:
        for each, content in members.items():
            archive.writestr(each, content)
    return target


def test_every_change_is_named(
    pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(pack) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    for name, data in members.items():
        if name == "manifest.json":
            manifest = json.loads(data)
            data = json.dumps({**manifest, "unit": "Alta"}).encode()
        else:
            data = data.replace(b"1", b"2", 1) if b"1" in data else data + b"x"
        path = _with(pack, tmp_path / "t.zip", name, data)
        assert invoke(["verify", str(path)]) == 3
        assert f"t.zip/{name}" in capsys.readouterr().err
    for name, content, rule in (("why.txt", None, "missing"), ("more.txt", b"x", "extra")):
        path = _with(pack, tmp_path / "t.zip", name, content)
        assert invoke(["verify", str(path), "--json"]) == 3
        found = json.loads(capsys.readouterr().out)["mismatches"]
        assert (name, rule) in {(Path(f["file"]).name, f["rule"]) for f in found}


def test_a_bit_in_the_stored_bytes(
    pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(pack.read_bytes())
    with zipfile.ZipFile(pack) as archive:
        text = archive.read("why.txt")
    data[data.index(text) + 3] ^= 1
    path = tmp_path / "bit.zip"
    path.write_bytes(bytes(data))
    assert invoke(["verify", str(path)]) == 3
    assert "bit.zip/why.txt" in capsys.readouterr().err
    path.write_bytes(pack.read_bytes() + b"more")
    assert invoke(["verify", str(path)]) == 3


def test_hashes_made_to_fit_break_the_run_s_own_seal(pack: Path, tmp_path: Path) -> None:
    """Who recomputes the pack's hashes has changed the seal, and a run manifest keeps its own."""
    with zipfile.ZipFile(pack) as archive:
        members = {i.filename: archive.read(i) for i in archive.infolist()}
    manifest = json.loads(members.pop("manifest.json"))
    members["run_manifest.json"] = members["run_manifest.json"].replace(b'"pjm5"', b'"pjm6"')
    facts = {k: v for k, v in manifest.items() if k not in ("kind", "format", "files", "seal")}
    path = tmp_path / "forged.zip"
    path.write_bytes(pack_bytes(members, facts))
    (found,) = cf.verify(path)["file"]
    assert found.endswith("run_manifest.json")
    assert hashlib.sha256(members["why.txt"]).hexdigest() == manifest["files"]["why.txt"]


def test_what_is_no_pack(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "no.zip").write_bytes(b"PK no")
    assert invoke(["verify", str(tmp_path / "no.zip")]) == 1
    assert "no pack of evidence" in capsys.readouterr().err
    words = ["evidence", str(runs / "bid"), "-o", str(tmp_path / "x.zip")]
    assert invoke(words) == 1 and not (tmp_path / "x.zip").exists()
    assert "was not mitigated" in capsys.readouterr().err


def test_without_the_library_of_signatures(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.serialization", None)
    with pytest.raises(InputError, match=r"counterflow\[sign\]"):
        evidence_bytes(runs / "child", key=tmp_path / "key.pem")


@pytest.mark.skipif(find_spec("cryptography") is None, reason="the extra `sign` is not installed")
def test_signed_with_a_key_of_one_s_own(runs: Path, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    for name in ("mine", "other"):
        key = Ed25519PrivateKey.generate()
        private = key.private_bytes(
            form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
        )
        (tmp_path / f"{name}.pem").write_bytes(private)
        public = key.public_key().public_bytes(
            form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
        )
        (tmp_path / f"{name}.pub").write_bytes(public)
    path = tmp_path / "signed.zip"
    path.write_bytes(evidence_bytes(runs / "child", key=tmp_path / "mine.pem"))
    assert invoke(["verify", str(path)]) == 0
    assert invoke(["verify", str(path), "--signed-by", str(tmp_path / "mine.pub")]) == 0
    assert invoke(["verify", str(path), "--signed-by", str(tmp_path / "other.pub")]) == 3
