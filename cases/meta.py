"""The header of a case: name, currency, timezone, horizon, reference bus."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from cases.errors import Failure
from cases.files.convert import nearest

__all__ = ["CaseMeta", "meta_failures"]


class CaseMeta(BaseModel):
    """What `case.toml` says about a case as a whole."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, strict=True)

    name: str = Field(min_length=1, description="name of the case")
    currency: str = Field(default="$", min_length=1, description="currency of all money")
    timezone: str = Field(default="UTC", description="IANA name, such as America/New_York")
    base_mva: float = Field(
        default=100.0, gt=0, allow_inf_nan=False, description="base of per unit, MVA"
    )
    start: datetime = Field(description="start of the first interval, with UTC offset")
    interval_minutes: int = Field(default=60, ge=1, le=1440, description="length of an interval")
    intervals: int = Field(default=1, ge=1, le=1_000_000, description="number of intervals")
    reference: str = Field(default="", description="slack: a bus, or blank = load-weighted")
    security: Literal["", "none", "n-1"] = Field(
        default="",
        description="outages that a clearing secures against unless it is told otherwise: none, or "
        "n-1, the case's contingencies (every branch that splits nothing, where it has none); "
        "blank = none",
    )
    imported: dict[str, Any] = Field(
        default_factory=dict,
        alias="import",
        description="where an imported case came from and with which options",
    )

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        try:
            zoneinfo.ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(
                f"must be an IANA timezone such as Europe/Berlin, not {value!r}"
            ) from error
        return value

    @field_validator("start", mode="before")
    @classmethod
    def _aware_start(cls, value: object) -> datetime:
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError as error:
                raise ValueError(
                    f"must be a time with offset like 2020-07-10T00:00:00+02:00, not {value!r}"
                ) from error
        if not isinstance(value, datetime) or pd.isna(value):
            raise ValueError("must be a time with offset like 2020-07-10T00:00:00+02:00")
        if value.tzinfo is None:
            raise ValueError(
                f"the time {value} has no UTC offset; write it like 2020-07-10T00:00:00+02:00"
            )
        return value

    @field_validator("imported", mode="before")
    @classmethod
    def _plain_imported(cls, value: object) -> object:
        return _plain(value)

    @field_validator("base_mva", mode="before")
    @classmethod
    def _number(cls, value: object) -> object:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _start_in_timezone(self) -> CaseMeta:
        local = pd.Timestamp(self.start).as_unit("us").tz_convert(self.timezone).to_pydatetime()
        object.__setattr__(self, "start", local)
        return self

    def interval_starts(self) -> pd.DatetimeIndex:
        """Starts of all intervals: fixed steps of absolute time, in the timezone of the case."""
        start = pd.Timestamp(self.start).tz_convert("UTC").as_unit("us")
        step = pd.Timedelta(minutes=self.interval_minutes)
        steps = pd.date_range(start, periods=self.intervals, freq=step, unit="us")
        return pd.DatetimeIndex(steps.tz_convert(self.timezone).array, name="interval_start")


def _plain(value: Any) -> Any:
    """Values as TOML has them: no null, no tuples, no numpy."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value if item is not None]
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, str | bool | int | float | date) else str(value)


def meta_failures(file: str, error: ValidationError, text: str = "") -> list[Failure]:
    """The failures of a header that is wrong, with the line of each key where it is in `text`."""
    failures = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"])
        message = item["msg"].removeprefix("Value error, ")
        rule = "header"
        if item["type"] == "missing":
            rule, message = "missing_key", f"{key} is missing"
        elif item["type"] == "extra_forbidden":
            known = ["import" if name == "imported" else name for name in CaseMeta.model_fields]
            rule, message = "unknown_key", f"there is no such key{nearest(key, known)}"
        else:
            message = message[0].lower() + message[1:]
        failures.append(Failure(file, _line(key, text), key, rule, message))
    return failures


def _line(key: str, text: str) -> int | None:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.partition("=")[0].strip().strip("\"'") == key.partition(".")[0]:
            return number
    return None


def header_values(meta: CaseMeta) -> Mapping[str, Any]:
    """The header as plain values, in the order of case.toml; `import` comes last."""
    values = meta.model_dump(by_alias=True)
    values["import"] = values.pop("import")
    if not values["security"]:
        del values["security"]
    return values
