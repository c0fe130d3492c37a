"""``counterflow serve``: the page as a local site over a folder of runs and studies."""

from pathlib import Path
from typing import Annotated

import typer


def run(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Runs and studies.")],
    host: Annotated[
        str, typer.Option("--host", help="Another address than loopback needs --token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 8765,
    token: Annotated[
        str,
        typer.Option(
            "--token", envvar="COUNTERFLOW_TOKEN", help="What a reader must enter, 16 or more."
        ),
    ] = "",
    audience: Annotated[
        str, typer.Option("--for", metavar="public|participant:OWNER|monitor", help="Who reads.")
    ] = "monitor",
) -> None:
    """Serve runs and studies to a browser on this machine until interrupted."""
    from counterflow import console
    from counterflow.server.serve import serve

    console.err().print(f"http://{host}:{port}  (for {audience})", markup=False)
    serve(folder, host=host, port=port, token=token, audience=audience)
