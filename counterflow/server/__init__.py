"""The local site: the same pages over a folder of runs and studies, for people alone.

`guard` decides who may ask, `folders` what there is, `decisions` answers filtered pages from
DuckDB, `jobs` mitigates again in a child process, `app` puts them together, `serve` starts it.
"""

from counterflow.server.app import site
from counterflow.server.serve import serve

__all__ = ["serve", "site"]
