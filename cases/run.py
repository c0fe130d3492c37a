"""A run: the result tables of one clearing, with all that is needed to trace and repeat it."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cases.case import Case
from cases.errors import DataWarning, Failure, InputError
from cases.files.convert import nearest
from cases.files.folders import new_folder
from cases.files.hashing import file_hash, table_hash, value_hash
from cases.files.tables import read_parquet_table, write_parquet
from cases.folder import fill_case_folder, read_case_folder
from cases.rulebook.book import RuleBook
from cases.tables.schema import RUN_TABLES, conform, empty_frame

__all__ = ["Run", "code_version", "models_by"]

# Tables that follow from the others and can be very long: not part of the id of a run.
# The rows of the programs depend on the way to the solution, which is not the solution.
_DERIVED = ("price_terms", "program_rows")
# Decisions carry the id of their run; they follow from its tests and settings.
_NAMING = ("decisions",)
_ID_KEYS = ("parent", "settings", "solver", "status", "objective", "gap", "code_version")


_model_of: Callable[[Run], Any] | None = None


def models_by(maker: Callable[[Run], Any]) -> None:
    """Let `maker` give runs that were read their models.

    The clearing engine, which stands above this package and knows what a model is, says so when it
    is imported: imports keep pointing one way, and reading a run needs no solver.
    """
    global _model_of
    _model_of = maker


class _Tables(Mapping[str, pd.DataFrame]):
    """Tables of a run by name, in the order of the schema; each made when first asked for."""

    def __init__(
        self, given: Mapping[str, pd.DataFrame | Callable[[], pd.DataFrame]], timezone: str
    ) -> None:
        self._given = {name: given[name] for name in RUN_TABLES if name in given}
        self._timezone = timezone
        self._made = {
            name: conform(RUN_TABLES[name], frame, timezone)
            for name, frame in self._given.items()
            if isinstance(frame, pd.DataFrame)
        }

    def __getitem__(self, name: str) -> pd.DataFrame:
        given = self._given[name]
        if name not in self._made and not isinstance(given, pd.DataFrame):
            self._made[name] = conform(RUN_TABLES[name], given(), self._timezone)
        return self._made[name]

    def made(self, name: str) -> bool:
        """Whether a table exists already."""
        return name in self._made

    def __contains__(self, name: object) -> bool:
        return name in self._given

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)


class Run:
    """The result of one clearing. It never changes: a rerun is a new run that names its parent.

    Every table of the schema is an attribute named as its file (`run.prices`, `run.dispatch`);
    a table that the run does not have is there without rows. `manifest` is a dict with the keys
    run_id, name, created, code_version, case_hash, rulebook_hash, rulebook_as_of, rulebook,
    solver, status, objective, gap, parent, settings, times, tables and warnings; those that follow
    from the rest are filled in.
    """

    def __init__(
        self,
        manifest: Mapping[str, Any],
        tables: Mapping[str, pd.DataFrame | Callable[[], pd.DataFrame]],
        case: Case,
        rulebook: RuleBook,
        events: list[dict[str, Any]] | None = None,
        model: Any = None,
    ) -> None:
        self.case = case
        self.rulebook = rulebook
        self.events: list[dict[str, Any]] = list(events or [])
        self._model = model
        self._given = dict(manifest)
        timezone = case.meta.timezone
        for name in tables:
            if name not in RUN_TABLES:
                raise ValueError(f"a run has no table {name}{nearest(name, RUN_TABLES)}")
        self.tables = _Tables(tables, timezone)
        if "prices" in self.tables:
            _check_prices(self.tables["prices"])

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name in RUN_TABLES and "tables" in self.__dict__:
            if name in self.tables:
                return self.tables[name].copy(deep=False)
            return empty_frame(RUN_TABLES[name], self.case.meta.timezone)
        raise AttributeError(f"a run has no table {name}{nearest(name, RUN_TABLES)}")

    def __repr__(self) -> str:
        status = self._given.get("status", "")
        return f"<Run of {self.case.meta.name}: {status}, objective {self.objective:g}>"

    def made(self, table: str) -> bool:
        """Whether a table exists already, rather than being made when it is asked for."""
        return not isinstance(self.tables, _Tables) or self.tables.made(table)

    @property
    def model(self) -> Any:
        """The optimization model of the run; see `clearing.model.ClearedModel`.

        A run that was read makes its own from its case, its rules and its tables, when it is first
        used. None where the run does not say how it was cleared, or the clearing engine is not
        loaded.
        """
        if self._model is None and _model_of is not None:
            self._model = _model_of(self)
        return self._model

    @property
    def objective(self) -> float:
        """Cost of the accepted dispatch, money over all intervals; NaN where there is none."""
        value = self._given.get("objective")
        return float("nan") if value is None else float(value)

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the clearing: commitment, security, pricing, reference, set."""
        return dict(self._given.get("settings", {}))

    @property
    def stated(self) -> dict[str, Any]:
        """What the clearing says of itself (status, objective, gap, warnings), without hashing."""
        return dict(self._given)

    @property
    def times(self) -> dict[str, float]:
        """Seconds spent in each step; open to be added to until the manifest is made."""
        times: dict[str, float] = self._given.setdefault("times", {})
        return times

    @property
    def id(self) -> str:
        """Hash of the inputs and of all results; the same for the same inputs."""
        run_id: str = self.manifest["run_id"]
        return run_id

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """All that describes the run; made when first asked for, for it hashes every table."""
        given = self._given
        manifest: dict[str, Any] = {
            "run_id": "",
            "name": given.get("name", self.case.meta.name),
            "created": given.get("created") or datetime.now(UTC).isoformat(timespec="seconds"),
            "code_version": given.get("code_version") or code_version(),
            "case_hash": self.case.hash,
            "rulebook": self.rulebook.name,
            "rulebook_hash": self.rulebook.hash,
            "rulebook_as_of": self.rulebook.as_of,
            "solver": given.get("solver", {}),
            "status": given.get("status", ""),
            "objective": given.get("objective"),
            "gap": given.get("gap"),
            "parent": given.get("parent"),
            "settings": given.get("settings", {}),
            "times": given.get("times", {}),
            "warnings": given.get("warnings", [str(warning) for warning in self.case.warnings]),
        }
        manifest |= {key: value for key, value in given.items() if key not in manifest}
        manifest = _json(manifest)
        manifest["tables"] = {
            name: {"rows": len(frame), "content": table_hash(RUN_TABLES[name], frame)}
            for name, frame in self.tables.items()
            if name not in _DERIVED
        }
        manifest["run_id"] = _run_id(manifest)
        return manifest

    def write(self, folder: str | Path) -> None:
        """Write the run as a new folder, whole or not at all.

        Raises InputError where the folder exists or cannot be written.
        """
        timezone = self.case.meta.timezone
        with new_folder(folder) as part:
            manifest = {**self.manifest, "tables": {}, "files": {}}
            for name, frame in self.tables.items():
                path = part / f"{name}.parquet"
                write_parquet(RUN_TABLES[name], frame, path, timezone)
                entry = self.manifest["tables"].get(name, {"rows": len(frame)})
                manifest["tables"][name] = {**entry, "sha256": file_hash(path)}
            (part / "rulebook.toml").write_text(self.rulebook.to_toml(), encoding="utf-8")
            lines = (json.dumps(_json(event), ensure_ascii=False) for event in self.events)
            (part / "events.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
            (part / "case").mkdir()
            fill_case_folder(self.case, part / "case", "parquet")
            others = [part / "rulebook.toml", part / "events.jsonl", *(part / "case").iterdir()]
            for path in sorted(others):
                manifest["files"][path.relative_to(part).as_posix()] = file_hash(path)
            text = json.dumps(manifest, indent=2, ensure_ascii=False)
            (part / "manifest.json").write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: str | Path) -> Run:
        """Read a run folder and verify that nothing in it has changed since it was written.

        Raises InputError: no run folder, or the names of all files that changed or are missing.
        """
        folder = Path(folder)
        manifest = _read_manifest(folder)
        _verify(folder, manifest)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # the manifest has them
            case = read_case_folder(folder / "case")
        rulebook = RuleBook.load(folder / "rulebook.toml")
        text = (folder / "events.jsonl").read_text(encoding="utf-8")
        events = [json.loads(line) for line in text.split("\n") if line]
        tables = {
            name: read_parquet_table(RUN_TABLES[name], folder / f"{name}.parquet")
            for name in manifest["tables"]
        }
        run = cls(manifest, tables, case, rulebook, events)
        for key in ("run_id", "case_hash", "rulebook_hash"):
            if run.manifest[key] != manifest[key]:
                message = f"{key} does not belong to the files of this run; the manifest was edited"
                raise InputError.one(str(folder / "manifest.json"), None, key, "changed", message)
        return run


def code_version() -> str:
    """Give the version of the installed Counterflow, "source" where it is not installed."""
    try:
        return metadata.version("counterflow")
    except metadata.PackageNotFoundError:
        return "source"


def _run_id(manifest: Mapping[str, Any]) -> str:
    """Hash of inputs and results, without names, times and warnings."""
    parts = {key: manifest[key] for key in (*_ID_KEYS, "case_hash", "rulebook_hash")}
    tables = manifest["tables"].items()
    left_out = (*_DERIVED, *_NAMING)
    parts["tables"] = {name: entry["content"] for name, entry in tables if name not in left_out}
    return value_hash(parts)


def _json(value: Any) -> Any:
    """Values as JSON has them; NaN becomes null, an infinite number the text "inf" or "-inf"."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(_json(item) for item in value)
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)


def _check_prices(prices: pd.DataFrame | None) -> None:
    """Lmp = mec + mcc + mlc, and NaN where there is no price."""
    if prices is None or not len(prices):
        return
    parts = prices[["mec", "mcc", "mlc"]].sum(axis=1, skipna=False).to_numpy()
    lmp = prices["lmp"].to_numpy()
    if not np.allclose(lmp, parts, rtol=1e-9, atol=1e-6, equal_nan=True):
        worst = int(np.nanargmax(np.abs(lmp - parts)))
        raise AssertionError(f"lmp is not mec + mcc + mlc: {prices.iloc[worst].to_dict()}")


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        found = "has no manifest.json" if folder.is_dir() else "does not exist"
        message = f"{folder} {found}; expected the folder of a run"
        raise InputError.one("", None, None, "no_run", message) from None
    except (OSError, ValueError) as error:
        raise InputError.one(str(path), None, None, "json", f"cannot be read: {error}") from None
    wanted = {"run_id", "case_hash", "rulebook_hash", "tables", "files"}
    if not isinstance(manifest, dict) or not wanted <= manifest.keys():
        message = "is not the manifest of a run"
        raise InputError.one(str(path), None, None, "json", message)
    return manifest


def _verify(folder: Path, manifest: Mapping[str, Any]) -> None:
    failures = []
    try:
        hashes = {f"{name}.parquet": entry["sha256"] for name, entry in manifest["tables"].items()}
        hashes |= manifest["files"]
    except (KeyError, TypeError, AttributeError):
        message = "is not the manifest of a run"
        raise InputError.one(str(folder / "manifest.json"), None, None, "json", message) from None
    for name, sha256 in hashes.items():
        path = folder / name
        if not path.is_file():
            failures.append(Failure(str(path), None, None, "missing", "the file is missing"))
        elif file_hash(path) != sha256:
            message = "the file has changed since the run was written"
            failures.append(Failure(str(path), None, None, "changed", message))
    for name in manifest["tables"]:
        if name not in RUN_TABLES:
            message = f"a run has no table {name}{nearest(name, RUN_TABLES)}"
            failures.append(Failure(str(folder / name), None, None, "unknown_table", message))
    if failures:
        raise InputError(failures)
