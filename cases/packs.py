"""Sealed packs of evidence: a ZIP file whose every byte follows from what it holds.

Members are stored uncompressed, in the order of their names, with a fixed time, so that the same
contents give the same bytes on every machine; ``manifest.json`` has the hash of every other member
and a seal over all of them; ``signature.json``, where there is one, signs the manifest.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cases.errors import Failure, InputError
from cases.files.hashing import value_hash
from cases.seal import seal
from cases.signatures import checked, signature

__all__ = ["PACK_FORMAT", "open_pack", "pack_bytes", "pack_mismatches"]

PACK_FORMAT: Final = 1
"""Number of the format of packs."""
_KIND: Final = "counterflow evidence"
_MANIFEST: Final = "manifest.json"
_SIGNATURE: Final = "signature.json"
_SOURCES: Final = ("run_manifest.json", "parent_manifest.json")
"""Manifests of run folders, each with a seal of its own."""
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_LARGEST: Final = 2**31


def pack_bytes(
    files: Mapping[str, bytes], facts: Mapping[str, Any], key: Path | None = None
) -> bytes:
    """Write a pack.

    Parameters
    ----------
    files
        Members by name.
    facts
        What the manifest says of them.
    key
        An Ed25519 private key (PEM, without a password) to sign with.

    Raises
    ------
    InputError
        The key cannot be used, or `cryptography` is not installed.
    """
    hashes = {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
    manifest: dict[str, Any] = {"kind": _KIND, "format": PACK_FORMAT, **facts, "files": hashes}
    manifest["seal"] = value_hash(manifest)
    members = {**files, _MANIFEST: _json(manifest)}
    if key is not None:
        members[_SIGNATURE] = _json(signature(members[_MANIFEST], key))
    return _zipped(members)


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _zipped(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _TIME)
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, members[name])
    return out.getvalue()


def open_pack(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read the manifest and the other members of a pack; hashes are for `pack_mismatches`.

    Raises
    ------
    InputError
        There is no such file, it is no pack, or one of another format.
    """
    if not path.is_file():
        raise InputError.one("", None, None, "no_pack", f"there is no file {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if sum(info.file_size for info in infos) > _LARGEST:
                raise _no_pack(path, "holds more than 2 GB")
            members = {info.filename: _member(path, archive, info) for info in infos}
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        raise _no_pack(path, f"is no pack of evidence: {error}") from None
    try:
        manifest = json.loads(members.pop(_MANIFEST))
    except (KeyError, ValueError, RecursionError):
        raise _no_pack(path, "is no pack of evidence: it has no manifest.json to read") from None
    if not isinstance(manifest, dict) or manifest.get("kind") != _KIND:
        raise _no_pack(path, "is no pack of evidence")
    if manifest.get("format") != PACK_FORMAT:
        message = f"is a pack of format {manifest.get('format')}; this version reads {PACK_FORMAT}"
        raise _no_pack(path, message)
    if not isinstance(manifest.get("files"), dict):
        raise _no_pack(path, "has a manifest without files")
    return manifest, members


def _member(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        return archive.read(info)
    except zipfile.BadZipFile:  # its checksum is wrong: read it as it is, its hash will tell
        with path.open("rb") as file:
            file.seek(info.header_offset + 26)
            lengths = file.read(4)
            skip = int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
            file.seek(skip, 1)
            return file.read(info.file_size)


def _no_pack(path: Path, message: str) -> InputError:
    return InputError.one(str(path), None, None, "no_pack", message)


def pack_mismatches(path: Path, signer: Path | None = None) -> list[Failure]:
    """Recompute every hash of a pack, each mismatch by the name of its member.

    Parameters
    ----------
    signer
        Public key (PEM) that must have signed it; without it a signature must only hold with the
        key that the pack itself names.

    Raises
    ------
    InputError
        No pack; a signature and no `cryptography` to check it with.
    """
    manifest, members = open_pack(path)
    return list(_wrong(path, manifest, members, signer))


def _wrong(
    path: Path, manifest: dict[str, Any], members: dict[str, bytes], signer: Path | None
) -> Iterator[Failure]:
    def failure(name: str, rule: str, message: str) -> Failure:
        return Failure(f"{path}/{name}", None, None, rule, message)

    written = _json(manifest)
    kept = {key: value for key, value in manifest.items() if key != "seal"}
    if manifest.get("seal") != value_hash(kept):
        yield failure(_MANIFEST, "changed", "the seal does not hold: the manifest was edited")
    hashes, told = manifest["files"], False
    signed = members.pop(_SIGNATURE, None)
    for name in sorted(hashes.keys() | members.keys()):
        if name not in members:
            told = True
            yield failure(name, "missing", "the file is missing")
        elif name not in hashes:
            told = True
            yield failure(name, "extra", "is not part of the pack")
        elif hashlib.sha256(members[name]).hexdigest() != hashes[name]:
            told = True
            yield failure(name, "changed", "the file has changed since the pack was sealed")
    for name in _SOURCES:
        if name in members and not _sealed(members[name]):
            yield failure(name, "changed", "the seal of the run's manifest does not hold")
    if signed is not None or signer is not None:
        message = checked(written, signed, signer)
        if message:
            yield failure(_SIGNATURE, "signature", message)
    whole = {**members, _MANIFEST: written}
    if signed is not None:
        whole[_SIGNATURE] = signed
    if not told and _zipped(whole) != path.read_bytes():
        yield failure("", "changed", "the file holds bytes that are not part of the pack")


def _sealed(data: bytes) -> bool:
    try:
        manifest = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(manifest, dict) and manifest.get("seal") == seal(manifest)
