"""Fetch the scripts of others that pages carry, again, from the npm registry.

usage: python tools/vendor.py [--check]

Each is one file of a package of a fixed version; it is written to counterflow/pages/vendor/ with
its licence, and named in vendored.toml with its hash. ``--check`` fetches and compares only.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


class Script(NamedTuple):
    """A file of a package; plotly's package holds the file under another name."""

    package: str
    version: str
    inside: str
    file: str
    home: Path = ROOT / "counterflow" / "pages" / "vendor"


SCRIPTS = (
    Script(
        "plotly.js-cartesian-dist-min",
        "4.1.1",
        "plotly-cartesian.min.js",
        "plotly-cartesian.min.js",
    ),
    Script("@deck.gl/core", "9.4.0", "dist.min.js", "deck.gl-core.min.js"),
    Script("@deck.gl/layers", "9.4.0", "dist.min.js", "deck.gl-layers.min.js"),
    Script(
        "htmx.org",
        "2.0.7",
        "dist/htmx.min.js",
        "htmx.min.js",
        ROOT / "counterflow" / "server" / "vendor",
    ),
    Script(
        "axe-core", "4.14.1", "axe.min.js", "axe.min.js", ROOT / "tests" / "counterflow" / "axe"
    ),
)


def fetched(script: Script, folder: Path) -> tuple[bytes, bytes]:
    """The file and its licence, from the registry."""
    subprocess.run(
        ["npm", "pack", "--silent", f"{script.package}@{script.version}"],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as opened:
        parts = []
        for name in (script.inside, "LICENSE"):
            file = opened.extractfile(f"package/{name}")
            if file is None:
                raise SystemExit(f"{script.package} has no {name}")
            parts.append(file.read())
    return parts[0], parts[1]


def main(arguments: list[str]) -> int:
    """Fetch and write, or compare."""
    check, wrong = "--check" in arguments, 0
    told: dict[Path, list[str]] = {}
    for script in SCRIPTS:
        with tempfile.TemporaryDirectory() as folder:
            data, licence = fetched(script, Path(folder))
        path = script.home / script.file
        if check:
            same = path.exists() and path.read_bytes() == data
            wrong += not same
            print(f"{'same' if same else 'OTHER'}  {script.file}")
            continue
        script.home.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        (script.home / f"{script.file}.LICENSE").write_bytes(licence)
        entry = (
            f'["{script.file}"]\npackage = "{script.package}"\nversion = "{script.version}"\n'
            f'sha256 = "{hashlib.sha256(data).hexdigest()}"\n'
        )
        told.setdefault(script.home, []).append(entry)
        print(f"{script.package} {script.version}: {len(data):,d} bytes")
    for home, entries in told.items():
        (home / "vendored.toml").write_text("\n".join(entries))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
