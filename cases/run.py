"""A run: the result tables of one clearing, with all that is needed to trace and repeat it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cases.case import Case
from cases.errors import DataWarning, Failure, InputError
from cases.files.convert import nearest
from cases.files.hashing import table_hash
from cases.folder import read_case_folder
from cases.html import html_of
from cases.rulebook.book import RuleBook
from cases.run_folder import (
    broken_files,
    is_read,
    read_events,
    read_manifest,
    read_table,
    reading,
    write_run_folder,
)
from cases.seal import FORMAT, OWN_KEYS, events_hash, plain, rounded, run_id
from cases.tables.schema import RUN_TABLES, conform, empty_frame
from cases.warned import Warned, kinds_of, with_kinds

__all__ = ["Run", "code_version", "models_by"]


_model_of: Callable[[Run], Any] | None = None


def models_by(maker: Callable[[Run], Any]) -> None:
    """Let `maker` give runs that were read their models.

    The clearing engine, which stands above this package and knows what a model is, says so when it
    is imported: imports keep pointing one way, and reading a run needs no solver.
    """
    global _model_of
    _model_of = maker


class _Tables(Mapping[str, pd.DataFrame]):
    """Tables of a run by name, in the order of the schema; each made when first asked for.

    Cells that hold the id of the run itself are blank, whatever was given, until its id, which
    does not depend on them, is asked for.
    """

    def __init__(
        self,
        given: Mapping[str, pd.DataFrame | Callable[[], pd.DataFrame]],
        timezone: str,
        own_id: Callable[[], str],
    ) -> None:
        self._given = {name: given[name] for name in RUN_TABLES if name in given}
        self._timezone = timezone
        self._own_id = own_id
        self._named: dict[str, pd.DataFrame] = {}
        self._made: dict[str, pd.DataFrame] = {}
        for name, frame in self._given.items():
            if isinstance(frame, pd.DataFrame):
                self._made[name] = self._conformed(name, frame)

    def _conformed(self, name: str, frame: pd.DataFrame) -> pd.DataFrame:
        made = conform(RUN_TABLES[name], frame, self._timezone)
        for column in _naming(name):
            made[column] = ""
        return made

    def unnamed(self, name: str) -> pd.DataFrame:
        """A table with blanks for the id of the run itself."""
        given = self._given[name]
        if name not in self._made and not isinstance(given, pd.DataFrame):
            self._made[name] = self._conformed(name, given())
        return self._made[name]

    def __getitem__(self, name: str) -> pd.DataFrame:
        frame = self.unnamed(name)
        columns = _naming(name)
        if not columns or frame.empty:
            return frame
        if name not in self._named:
            own = {
                column: frame[column].mask(frame[column] == "", self._own_id())
                for column in columns
            }
            self._named[name] = frame.assign(**own)
        return self._named[name]

    def made(self, name: str) -> bool:
        """Whether a table exists already."""
        return name in self._made

    def __contains__(self, name: object) -> bool:
        return name in self._given

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)


def _naming(table: str) -> list[str]:
    """Columns of a table that hold the id of its own run."""
    return [column.name for column in RUN_TABLES[table].columns if column.own_id]


class Run:
    """The result of one clearing. It never changes: a rerun is a new run that names its parent.

    Every table of the schema is an attribute named as its file (`run.prices`, `run.dispatch`);
    a table that the run does not have is there without rows. `manifest` is a dict with the keys
    format, run_id, name, created, code_version, case_hash, rulebook_hash, rulebook_as_of, rulebook,
    solver, status, objective, gap, parent, settings, times, events, tables, warnings and
    warning_kinds (see `cases.warned`); those that follow from the rest are filled in. All numbers
    are kept to the decimals of the schema.
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
        self.events: list[dict[str, Any]] = [rounded(event) for event in events or []]
        self._model = model
        self.extend: Any = None
        """The function that extended its clearing, where it is known; a folder holds no code."""
        self._given = rounded(manifest)
        kinds = self._given.pop("warning_kinds", ())
        if "warnings" in self._given:
            self._given["warnings"] = with_kinds(self._given["warnings"], kinds)
        timezone = case.meta.timezone
        for name in tables:
            if name not in RUN_TABLES:
                raise ValueError(f"a run has no table {name}{nearest(name, RUN_TABLES)}")
        self.tables = _Tables(tables, timezone, lambda: self.id)
        if "prices" in self.tables:
            _check_prices(self.tables["prices"])

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name in RUN_TABLES and "tables" in self.__dict__:
            if name in self.tables:
                return self.tables[name].copy(deep=False)
            return empty_frame(RUN_TABLES[name], self.case.meta.timezone)
        raise AttributeError(f"a run has no table {name}{nearest(name, RUN_TABLES)}")

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *RUN_TABLES})

    def _repr_html_(self) -> str:
        counts = {name: len(self.tables[name]) for name in self.tables}
        return html_of(repr(self), counts)

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
        """All that describes the run; made when first asked for, for it hashes every table.

        From then on nothing can be added to the events.
        """
        return self.recomputed()

    def recomputed(self) -> dict[str, Any]:
        """The manifest, every hash made anew from what the run holds now."""
        given = self._given
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "run_id": "",
            "name": given.get("name", self.case.meta.name),
            "created": given.get("created") or datetime.now(UTC).isoformat(timespec="seconds"),
            "code_version": given.get("code_version") or code_version(),
            "case_hash": self.case.content_hash(),
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
            "warnings": given.get("warnings", [Warned.of(w) for w in self.case.warnings]),
        }
        if any(kinds := kinds_of(manifest["warnings"])):
            manifest["warning_kinds"] = kinds
        own = (*manifest, *OWN_KEYS)
        manifest |= {key: value for key, value in given.items() if key not in own}
        manifest = plain(rounded(manifest))
        manifest["events"] = events_hash(self._plain_events())
        manifest["tables"] = {
            name: {"rows": len(frame), "content": table_hash(RUN_TABLES[name], frame)}
            for name, frame in ((name, self._unnamed(name)) for name in self.tables)
        }
        manifest["run_id"] = run_id(manifest)
        return manifest

    def _plain_events(self) -> list[dict[str, Any]]:
        return [plain(rounded(event)) for event in self.events]

    def _unnamed(self, name: str) -> pd.DataFrame:
        return self.tables.unnamed(name) if isinstance(self.tables, _Tables) else self.tables[name]

    def write(self, folder: str | Path) -> None:
        """Write the run as a new folder, whole or not at all, under its seal.

        Raises InputError where the folder exists or cannot be written.
        """
        events = self._plain_events()
        if events_hash(events) != self.manifest["events"]:
            raise ValueError("events were added after the run had got its id")
        write_run_folder(folder, self.manifest, self.tables, self.case, self.rulebook, events)

    @classmethod
    def read(cls, folder: str | Path) -> Run:
        """Read a run folder and verify that nothing in it has changed since it was written.

        Raises InputError: no run folder, one of another format, or the names of all files and
        tables that changed or are missing, and of extra ones where they could be taken for its.
        """
        folder = Path(folder)
        manifest = read_manifest(folder)
        with reading(folder / "manifest.json"):
            failures = [f for f in broken_files(folder, manifest) if is_read(f, folder)]
        if failures:
            raise InputError(failures)
        run = cls.opened(folder, manifest)
        with reading(folder):
            failures = list(run.differences(folder, manifest))
        if failures:
            raise InputError(failures)
        return run

    @classmethod
    def opened(cls, folder: Path, manifest: Mapping[str, Any]) -> Run:
        """Read what a run folder holds, whether it is what the manifest says or not.

        Raises InputError where a file cannot be read.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # the manifest has them
            with reading(folder / "case"):
                case = read_case_folder(folder / "case")
        with reading(folder / "rulebook.toml"):
            rulebook = RuleBook.load(folder / "rulebook.toml")
        tables = {name: read_table(folder, name) for name in manifest["tables"]}
        failures = []
        for name, frame in tables.items():
            for column in _naming(name):
                other = frame[column] != manifest["run_id"] if column in frame else frame.index < 0
                for row in np.flatnonzero(other)[:1].tolist():
                    message = "is not the id of this run"
                    file = str(folder / f"{name}.parquet")
                    failures.append(Failure(file, row + 2, column, "changed", message))
        wrong = wrong_price(tables.get("prices"))
        if wrong is not None:
            file = str(folder / "prices.parquet")
            message = "lmp is not mec + mcc + mlc"
            failures.append(Failure(file, wrong + 2, "lmp", "price_split", message))
        if failures:
            raise InputError(failures)
        events = read_events(folder)
        with reading(folder):
            return cls(manifest, tables, case, rulebook, events)

    def differences(self, folder: Path, manifest: Mapping[str, Any]) -> Iterator[Failure]:
        """Tell what the manifest of a folder says otherwise than the run that was read from it."""
        path = str(folder / "manifest.json")
        for name, entry in self.manifest["tables"].items():
            if {key: manifest["tables"][name].get(key) for key in entry} != entry:
                message = f"{name} does not hold what the manifest says; it was changed"
                file = str(folder / f"{name}.parquet")
                yield Failure(file, None, None, "changed", message)
        not_told = ("tables", "files", "seal")
        for key in sorted((self.manifest.keys() | manifest.keys()) - set(not_told)):
            if key not in manifest or manifest[key] != self.manifest.get(key):
                message = f"{key} does not belong to the files of this run; the manifest was edited"
                yield Failure(path, None, key, "changed", message)


def code_version() -> str:
    """Give the version of the installed Counterflow, "source" where it is not installed."""
    try:
        return metadata.version("counterflow")
    except metadata.PackageNotFoundError:
        return "source"


def wrong_price(prices: pd.DataFrame | None) -> int | None:
    """Row, from 0, of the price that is least the sum of its parts; None where all are."""
    parts = ["lmp", "mec", "mcc", "mlc"]
    if prices is None or not len(prices) or not set(parts) <= set(prices.columns):
        return None
    lmp = prices["lmp"].to_numpy(dtype=np.float64)
    total = prices[parts[1:]].sum(axis=1, skipna=False).to_numpy(dtype=np.float64)
    wrong = ~np.isclose(lmp, total, rtol=1e-9, atol=1e-6, equal_nan=True)
    if not wrong.any():
        return None
    with np.errstate(invalid="ignore"):
        distance = np.nan_to_num(np.abs(lmp - total), nan=np.inf, posinf=np.inf)
    return int(np.argmax(np.where(wrong, distance, -1.0)))


def _check_prices(prices: pd.DataFrame) -> None:
    """Lmp = mec + mcc + mlc, and NaN where there is no price."""
    worst = wrong_price(prices)
    if worst is not None:
        raise AssertionError(f"lmp is not mec + mcc + mlc: {prices.iloc[worst].to_dict()}")
