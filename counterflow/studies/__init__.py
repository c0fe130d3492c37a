"""Studies: many days, scenarios and rulebooks, as tasks of Dask that go on where they were.

In comes one TOML file (`file`): days (`days`), scenarios (`scenarios`), the steps of each day.
`plan` makes the steps with their dependencies and a hash of everything that goes into each;
`work` does one step in a worker, the state of a day before it included (`state`), and writes its
whole run folder and its rows of the study's tables (`tables`); `execute` hands the steps to a
scheduler, `runner` keeps the ledger (`ledger`). Out comes a folder, read by `Study`, `sql` and
`sweeps`. Nothing here clears, mitigates or settles by itself, and no step looks at another's
memory: steps know each other by their folders alone.
"""

from counterflow.studies.runner import Study, study
from counterflow.studies.sweeps import sweep

__all__ = ["Study", "study", "sweep"]
