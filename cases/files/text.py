"""The one decoder of text input: UTF-8, with or without a byte order mark."""

from __future__ import annotations

import codecs

__all__ = ["NotText", "decoded"]


class NotText(ValueError):
    """Bytes that are not UTF-8: the rule that they break, the byte (from 0), its line (from 1)."""

    def __init__(self, rule: str, message: str, position: int, line: int) -> None:
        super().__init__(message)
        self.rule, self.position, self.line = rule, position, line


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
