"""``counterflow report``: the page of runs or of a study, as one file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from cases import InputError, Run
from counterflow.pages.audience import Audience
from counterflow.pages.day import days_of, read_runs
from counterflow.pages.month import is_study, month_page, study_days
from counterflow.pages.page import Page, day_page
from counterflow.pages.render import page_html
from counterflow.pages.text import language_named
from counterflow.studies.folders import write_whole

__all__ = ["page_of", "render", "report"]

Source = Run | str | Path


def report(
    runs: Source | Iterable[Source],
    path: str | Path,
    *,
    audience: str = "monitor",
    language: str = "en",
) -> Path:
    """Write the page of runs as one HTML file that works without a network.

    Parameters
    ----------
    runs
        A run or its folder, or several: a mitigated run and its parent make one page with
        before and after (the parent is also found beside its child); several days, or the folder
        of a study, make the page of a month.
    path
        The file, new or to be replaced.
    audience
        ``monitor``, ``public`` or ``participant:OWNER``: other rows are not in the file.
    language
        ``en`` or ``zh``, in which it opens.

    Raises
    ------
    InputError
        A folder that is no run, of another format or damaged; another reader or language; a file
        that cannot be written.
    """
    target = Path(path)
    if target.is_dir():
        raise InputError.one("", None, None, "usage", f"{target} is a folder; name a file")
    text = render(runs, audience=audience, language=language)
    try:
        write_whole(target, text.encode())
    except OSError as error:
        message = f"cannot be written: {error.strerror or error}"
        raise InputError.one(str(target), None, None, "file", message) from None
    return target


def render(
    runs: Source | Iterable[Source], *, audience: str | Audience = "monitor", language: str = "en"
) -> str:
    """Give the page of runs as text; see `report`."""
    opened_in = language_named(language)
    return page_html(page_of(runs, audience=audience), opened_in)


def page_of(runs: Source | Iterable[Source], *, audience: str | Audience = "monitor") -> Page:
    """Give the page of runs as data, rows dropped that its reader may not see; see `report`."""
    reader = Audience.named(audience) if isinstance(audience, str) else audience
    given: Sequence[Source] = [runs] if isinstance(runs, Run | str | Path) else list(runs)
    studies = [Path(each) for each in given if not isinstance(each, Run) and is_study(Path(each))]
    if studies:
        if len(given) > 1:
            message = f"{studies[0]} is a study: give it alone"
            raise InputError.one("", None, None, "usage", message)
        return month_page(study_days(studies[0], reader), studies[0].resolve().name)
    found: list[Run] = []
    places: list[Path | None] = []
    for source in given:
        pairs = [(source, None)] if isinstance(source, Run) else read_runs([source])
        for run, place in pairs:
            if run.id not in {other.id for other in found}:
                found.append(run)
                places.append(place)
    days = days_of(found, audience=reader, folders=places)
    if len(days) == 1:
        return day_page(days[0])
    return month_page(days)
