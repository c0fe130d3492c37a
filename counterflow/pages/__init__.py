"""The page: one file that works offline, for one day, a mitigated day, or many days.

In: runs (`day.read_runs`), and who reads them (`audience`: rows are dropped before anything
else happens). `panels/` turns a day into panels of blocks, `page` gathers them, `render` writes
them by one template with scripts and styles of `static/` and of others (`vendor/`, each with its
licence). Every word is in `words.toml`, in every language. Nothing here computes a market.
"""

from counterflow.pages.audience import Audience, disclosed
from counterflow.pages.day import Day, days_of, read_runs
from counterflow.pages.page import MONITOR_PANELS, Page, day_page
from counterflow.pages.render import page_html
from counterflow.pages.report import page_of, render, report

__all__ = [
    "MONITOR_PANELS",
    "Audience",
    "Day",
    "Page",
    "day_page",
    "days_of",
    "disclosed",
    "page_html",
    "page_of",
    "read_runs",
    "render",
    "report",
]
