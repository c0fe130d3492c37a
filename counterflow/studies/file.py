"""The file of a study: what it may say, and where it is wrong."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from cases import InputError
from cases.errors import Failure
from cases.files.convert import nearest
from cases.files.text import NotText, decoded
from cases.files.toml_lines import key_lines, line_of

__all__ = ["Given", "StudyFile", "read_study"]

_LINE: Final = re.compile(r"at line (\d+)")
Scalar = bool | int | float | str


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Days(_Part):
    """Which days, and how one follows from the other."""

    source: str = Field(min_length=1, description="rts-gmlc, a folder of cases, or one case")
    start: dt.date | None = Field(default=None, description="first day")
    end: dt.date | None = Field(default=None, description="last day")
    look_ahead_hours: int = Field(
        default=0, ge=0, le=168, description="hours solved beyond each day and thrown away"
    )
    chain: Literal["independent", "rolling"] = Field(
        default="independent", description="rolling: the state of one day starts the next"
    )
    chain_from: str = Field(default="clear", description="clear, real_time or mitigate:NAME")
    owners: str | None = Field(default=None, description="who owns the units, as for import")

    @model_validator(mode="after")
    def _in_order(self) -> Days:
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ValueError(f"the end {self.end} lies before the start {self.start}")
        return self


class Stress(_Part):
    """Factors on ratings and demand."""

    load: float | None = Field(default=None, gt=0, allow_inf_nan=False, description="on demand")
    rating: float | None = Field(default=None, gt=0, allow_inf_nan=False, description="on ratings")


class Clear(_Part):
    """The arguments of `cf.clear`."""

    commitment: bool = Field(default=True, description="decide which units run")
    security: Literal["none", "n-1"] = Field(default="none", description="outages")
    gap: float | None = Field(default=None, ge=0, lt=1, description="relative MIP gap")
    time_limit: float | None = Field(default=None, gt=0, description="seconds for solving")
    rulebook: str = Field(default="default", description="rulebook, by name or file")
    as_of: dt.date | None = Field(default=None, description="the date whose rules count")
    settings: dict[str, Scalar] = Field(default_factory=dict, description="rulebook keys")


class RealTime(_Part):
    """Real time of every day, with the commitment of its day-ahead run."""

    source: str | None = Field(default=None, description="real-time cases; default: the days'")


class Mitigate(_Part):
    """Rulebooks under which every day is mitigated."""

    rulebooks: tuple[str, ...] = Field(min_length=1, description="by name or file")
    history_days: int = Field(default=0, ge=0, le=3660, description="days of the look-back")
    as_of: dt.date | None = Field(default=None, description="the date whose rules count")
    settings: dict[str, Scalar] = Field(default_factory=dict, description="mitigation keys")


class Settle(_Part):
    """Tables for the statements, in place of those of the cases."""

    contracts: str | None = Field(default=None, description="contracts and their curves")
    futures: str | None = Field(default=None, description="futures")
    rights: str | None = Field(default=None, description="transmission rights")


class Workers(_Part):
    """What each worker may take."""

    memory_gb: float = Field(default=2.0, gt=0, description="memory of a local worker")
    solver_threads: int = Field(default=1, ge=1, description="threads of a solver")


class StudyFile(_Part):
    """A study: days, steps and scenarios."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="its name")]
    days: Days
    clear: Clear = Clear()
    stress: Stress = Stress()
    real_time: RealTime | None = None
    mitigate: Mitigate | None = None
    settle: Settle | None = None
    vary: dict[str, tuple[Scalar, ...]] = Field(default_factory=dict, description="the grid")
    workers: Workers = Workers()

    @field_validator("vary")
    @classmethod
    def _some_values(cls, grid: dict[str, tuple[Scalar, ...]]) -> dict[str, tuple[Scalar, ...]]:
        for key, values in grid.items():
            if not values:
                raise ValueError(f"vary.{key} has no value: the grid would be empty")
            if len({str(value) for value in values}) < len(values):
                raise ValueError(f"vary.{key} has a value twice")
        return grid

    @model_validator(mode="after")
    def _chained(self) -> StudyFile:
        kind, _, name = self.days.chain_from.partition(":")
        if kind not in ("clear", "real_time", "mitigate") or (kind == "mitigate") != bool(name):
            raise ValueError(
                f"days.chain_from is clear, real_time or mitigate:NAME, not {self.days.chain_from}"
            )
        if kind == "real_time" and self.real_time is None:
            raise ValueError("days.chain_from is real_time, and there is no [real_time]")
        books = () if self.mitigate is None else self.mitigate.rulebooks
        if kind == "mitigate" and name not in books:
            raise ValueError(f"days.chain_from names {name}, which mitigate.rulebooks does not")
        if len(set(books)) < len(books):
            raise ValueError("mitigate.rulebooks has a rulebook twice")
        return self


@dataclass(frozen=True)
class Given:
    """A study as it was given: its content, and where a key of it stands."""

    file: StudyFile
    label: str
    text: str
    folder: Path
    """What relative paths of the file are relative to."""

    def failure(self, key: str, rule: str, message: str) -> Failure:
        """One thing that is wrong with a key."""
        return Failure(self.label, line_of(key_lines(self.text), key), key, rule, message)

    def path(self, name: str) -> str:
        """A path of the file where there is something at it, from the file's folder; else a name.

        A name that is none of a file stays what it is: a case or rulebook of that name.
        """
        there = self.folder / name
        return str(there.resolve()) if there.exists() else name


def read_study(source: str | Path | Mapping[str, Any]) -> Given:
    """Read the TOML file of a study, or take a mapping as if it were one.

    Raises
    ------
    InputError
        Everything that is wrong, with file, line and key; unknown keys with the nearest.
    """
    if isinstance(source, Mapping):
        label, text, values, folder = "study", "", dict(source), Path.cwd()
    else:
        path = Path(source)
        label, folder = str(path), path.resolve().parent
        try:
            text = decoded(path.read_bytes())
            values = tomllib.loads(text)
        except OSError as error:
            message = f"cannot be read: {error.strerror or error}"
            raise InputError.one(label, None, None, "unreadable", message) from None
        except NotText as error:
            raise InputError.one(label, error.line, None, error.rule, str(error)) from None
        except tomllib.TOMLDecodeError as error:
            place = _LINE.search(str(error))
            line = int(place[1]) if place else None
            raise InputError.one(label, line, None, "toml", f"not valid TOML: {error}") from None
    try:
        return Given(StudyFile.model_validate(values), label, text, folder)
    except ValidationError as error:
        lines = key_lines(text)
        failures = [
            Failure(label, line_of(lines, key or None), key or None, rule, message)
            for key, rule, message in _failures(error)
        ]
        raise InputError(failures) from None


def _failures(error: ValidationError) -> Iterator[tuple[str, str, str]]:
    for item in error.errors():
        path = [str(part) for part in item["loc"] if part not in ("bool", "int", "float", "str")]
        key = ".".join(path)
        if item["type"] == "missing":
            yield key, "missing_key", "the key is missing"
        elif item["type"] == "extra_forbidden":
            known = _keys(StudyFile)
            inside = [name for name in known if name.rpartition(".")[0] == ".".join(path[:-1])]
            hint = nearest(path[-1], [name.rpartition(".")[2] for name in inside])
            yield key, "unknown_key", f"there is no such key{hint}"
        else:
            message = item["msg"].removeprefix("Value error, ").removeprefix("Input ")
            yield _named(message) or key, "value", f"{message} (given: {item['input']!r:.60})"


def _named(message: str) -> str:
    """The key that a message of a whole part begins with; "" where it begins with none."""
    word = message.partition(" ")[0]
    return word if word.startswith("vary.") or word in _keys(StudyFile) else ""


def _keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    found = []
    for name, field in model.model_fields.items():
        found.append(prefix + name)
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                found += _keys(kind, f"{prefix}{name}.")
    return found
