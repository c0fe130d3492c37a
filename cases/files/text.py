"""Text input: regular files in UTF-8, with or without a byte order mark; names on one line."""

from __future__ import annotations

import codecs
import errno
import re
from pathlib import Path

CONTROL = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
"""Pattern of what must not be in a text: line breaks, escapes, changes of direction."""
_CONTROL = re.compile(CONTROL)

__all__ = ["CONTROL", "NotText", "control_free", "decoded", "regular_bytes"]


class NotText(ValueError):
    """Bytes that are not UTF-8: the rule that they break, the byte (from 0), its line (from 1)."""

    def __init__(self, rule: str, message: str, position: int, line: int) -> None:
        super().__init__(message)
        self.rule, self.position, self.line = rule, position, line


def control_free(text: str) -> bool:
    """Tell whether text has no control character: no line break, escape or change of direction."""
    return _CONTROL.search(text) is None


def regular_bytes(path: Path) -> bytes:
    """Read a file; OSError also for what is no regular file (a pipe would wait for ever)."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "not a regular file (a pipe, socket or device)", str(path))
    return path.read_bytes()


def decoded(data: bytes) -> str:
    """Decode UTF-8 text; a byte order mark at its start is no part of it.

    Raises
    ------
    NotText
        Bytes that are not UTF-8 (rule "encoding"), or UTF-16 and other content with NUL bytes
        (rule "binary"), with the place of the first of them.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise NotText("binary", "not UTF-8 text but UTF-16: save it as UTF-8", 0, 1)
    if b"\x00" in data:
        position = data.index(b"\x00")
        message = f"not text: the file holds NUL bytes (binary content or UTF-16), byte {position}"
        raise NotText("binary", message, position, data.count(b"\n", 0, position) + 1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = error.start + 3 * data.startswith(codecs.BOM_UTF8)
        line = data.count(b"\n", 0, start) + 1
        message = f"not UTF-8 text: byte 0x{data[start]:02x} at position {start}"
        raise NotText("encoding", message, start, line) from None
