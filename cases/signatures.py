"""Ed25519 signatures with a key of the user's own, by the `cryptography` package."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from cases.errors import InputError

__all__ = ["checked", "signature"]


def signature(data: bytes, key: Path) -> dict[str, str]:
    """Sign data; the public key goes with the signature.

    Raises
    ------
    InputError
        `cryptography` is not installed, or the file holds no Ed25519 private key without password.
    """
    serialization, ed25519 = _library()
    try:
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, _unsupported()) as error:
        raise _bad(key, f"cannot be read as a private key: {error}") from None
    if not isinstance(private, ed25519.Ed25519PrivateKey):
        raise _bad(key, "is not an Ed25519 key; make one: openssl genpkey -algorithm ed25519")
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return {
        "algorithm": "ed25519",
        "signs": "manifest.json",
        "public_key": public.decode(),
        "signature": private.sign(data).hex(),
    }


def checked(data: bytes, signed: bytes | None, signer: Path | None) -> str:
    """Say what is wrong with a signature of data, "" where it holds.

    Raises
    ------
    InputError
        `cryptography` is not installed, or the file of the signer holds no public key.
    """
    serialization, ed25519 = _library()
    if signed is None:
        return "the pack is not signed"
    try:
        told = json.loads(signed)
        public = serialization.load_pem_public_key(told["public_key"].encode())
        value = bytes.fromhex(told["signature"])
    except Exception as error:
        return f"the signature cannot be read: {error}"
    if signer is not None:
        try:
            wanted = serialization.load_pem_public_key(signer.read_bytes())
        except (OSError, ValueError, _unsupported()) as error:
            raise _bad(signer, f"cannot be read as a public key: {error}") from None
        if _raw(serialization, wanted) != _raw(serialization, public):
            return "the pack is signed with another key"
    if not isinstance(public, ed25519.Ed25519PublicKey):
        return "the signature is not Ed25519"
    try:
        public.verify(value, data)
    except Exception:  # cryptography raises InvalidSignature, which has no message
        return "the signature does not hold for this manifest"
    return ""


def _raw(serialization: Any, key: Any) -> Any:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.DER, form)


def _library() -> tuple[Any, Any]:
    try:
        base = "cryptography.hazmat.primitives"
        serialization = import_module(f"{base}.serialization")
        return serialization, import_module(f"{base}.asymmetric.ed25519")
    except ImportError:
        message = "signatures need the package cryptography: pip install 'counterflow[sign]'"
        raise InputError.one("", None, None, "not_installed", message) from None


def _unsupported() -> Any:
    return import_module("cryptography.exceptions").UnsupportedAlgorithm


def _bad(file: Path, message: str) -> InputError:
    return InputError.one(str(file), None, None, "key", message)
