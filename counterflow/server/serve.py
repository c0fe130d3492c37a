"""``counterflow serve``: start the site of a folder."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

from cases.errors import InputError
from counterflow.pages.audience import Audience

__all__ = ["serve"]


def serve(
    folder: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    token: str = "",
    audience: str = "monitor",
) -> None:
    """Serve the runs and studies of a folder until interrupted.

    Raises
    ------
    InputError
        No folder; an address that others can reach without a token of 16 characters or more.
    """
    import uvicorn

    from counterflow.server.app import site

    home = Path(folder)
    if not home.is_dir():
        raise _bad(f"there is no folder {home}")
    hosts = {host.strip("[]")}
    if _loopback(host):
        hosts |= {"127.0.0.1", "localhost", "::1"}
    elif len(token) < 16:
        raise _bad(f"{host} can be reached by others: give --token of 16 characters or more")
    if host in ("0.0.0.0", "::"):
        hosts = set()
    app = site(home.resolve(), Audience.named(audience), token=token, hosts=frozenset(hosts))
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False,
                server_header=False, limit_concurrency=200, timeout_keep_alive=5)  # fmt: skip


def _loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _bad(message: str) -> InputError:
    return InputError.one("", None, None, "usage", message)
