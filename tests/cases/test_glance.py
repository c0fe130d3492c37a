"""A glance at a column says the same as pandera, whatever is in it; and nothing is loaded early."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from pandera.errors import SchemaErrors

from cases.checks.schema import keeps, pandera_column
from cases.tables.schema import CASE_TABLES

FLOATS = [np.nan, -1e300, -1e9, -1.0, -1e-12, 0.0, 1e-12, 0.5, 1.0, 2.0, 60.0, 1e9, 1e300, np.inf]
TEXTS = ["", "no such choice", "branch", "up", "obligation", "01"]


@pytest.mark.parametrize("table", CASE_TABLES)
def test_a_glance_and_pandera_agree_on_every_column(table: str) -> None:
    for column in CASE_TABLES[table].columns:
        if column.dtype == "float":
            tried = pd.Series(FLOATS)
        elif column.dtype == "str":
            tried = pd.Series([*TEXTS, *(column.isin or ())], dtype="str")
        else:
            continue
        own = pandera_column(column)
        schema = pa.SeriesSchema(checks=own.checks, nullable=own.nullable)
        for k in range(len(tried)):
            value = tried.iloc[[k]].reset_index(drop=True)
            try:
                schema.validate(value, lazy=True)
            except SchemaErrors:
                assert not keeps(column, value), (column.name, value[0])
            else:
                assert keeps(column, value), (column.name, value[0])


def test_what_few_commands_use_is_not_loaded_and_is_whole_when_asked_for() -> None:
    code = (
        "import sys, clearing\n"
        "late = ('pandera', 'networkx.algorithms', 'scipy.stats._stats_py')\n"
        "assert not [name for name in late if name in sys.modules]\n"
        "import networkx as nx, scipy.stats\n"
        "from scipy.spatial import KDTree\n"
        "assert nx.path_graph(3).number_of_edges() == 2 and scipy.stats.norm.cdf(0.0) == 0.5\n"
        "assert KDTree([[0.0]]).n == 1 and nx is sys.modules['networkx'] or nx.Graph\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
