"""Trials for some time: `python -m tests.fuzzing SECONDS [--seed N] [--kind KIND]`."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.fuzzing.trials import KINDS, Wrong, trial


def main() -> int:
    """Run trials of every kind in turn; exit code 3 where one failed, each with its seed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing", description=__doc__)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--seed", type=int, default=0, help="number of the first trial")
    parser.add_argument("--kind", choices=[*KINDS], help="only this kind")
    given = parser.parse_args()
    kinds = [given.kind] if given.kind else [*KINDS]
    done: Counter[str] = Counter()
    accepted: Counter[str] = Counter()
    failed: list[str] = []
    end, seed = time.monotonic() + given.seconds, given.seed
    with tempfile.TemporaryDirectory() as root:
        while time.monotonic() < end:
            for kind in kinds:
                folder = Path(root) / "trial"
                try:
                    accepted[kind] += trial(kind, seed, folder)
                except Exception as error:
                    what = "" if isinstance(error, Wrong) else traceback.format_exc(limit=-4)
                    failed.append(f"{kind} --seed {seed}: {type(error).__name__}: {error}"[:300])
                    sys.stdout.write(f"FAILED {failed[-1]}\n{what}")
                    sys.stdout.flush()
                done[kind] += 1
                shutil.rmtree(folder, ignore_errors=True)
            seed += 1
    for kind in kinds:
        sys.stdout.write(f"{kind}: {done[kind]:,d} trials, {accepted[kind]:,d} still accepted\n")
    last = f"seeds {given.seed} to {seed - 1}"
    sys.stdout.write(f"{sum(done.values()):,d} trials ({last}), {len(failed)} failed\n")
    return 3 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
