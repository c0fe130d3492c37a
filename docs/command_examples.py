"""Examples of the command pages, in the order in which they are tried, all in one folder.

A line that starts with `$ ` is a command; the lines below it must appear in its output in that
order (`...` stands for anything). `# exit N` says with which code it ends.
"""

from __future__ import annotations

__all__ = ["EXAMPLES"]

EXAMPLES = {
    "init": """
$ counterflow init mine
written to mine
  branches.csv
...
counterflow check mine
""",
    "check": """
$ counterflow check mine
mine: no failures in 3 buses, 3 branches, 4 units, 2 loads, 24 intervals
""",
    "doctor": """
$ counterflow doctor
ok     counterflow: ...
ok     HiGHS: ...
""",
    "clear": """
$ counterflow clear mine -o run
mine  2026-07-01 00:00-04:00 to 2026-07-02 00:00-04:00  24 intervals ...
West-East ...
security none: the base case alone
written to run
$ counterflow clear mine -o secure --security n-1
security n-1: 3 contingencies (every branch outage that keeps the grid whole) secured against
$ counterflow clear matpower/case24_ieee_rts --opf
OPF objective 61,001.2403 = dispatch 50,289.6872 + constants 10,711.5531
""",
    "show": """
$ counterflow show run --table prices --where interval_start=15:00 --columns bus,lmp
prices: 3 rows
bus   lmp
""",
    "explain": """
$ counterflow explain run --bus East --at 15:00
Terms that add up to it, USD/MWh, energy at the reference (load-weighted)
What moves for one MW more, and sets it
One MW more, one MW less
$ counterflow explain run --interval 15:00
Prices, USD/MWh
What binds
""",
    "mitigate": """
$ counterflow mitigate run -o mitigated
Components of offers
Before and after, USD
written to mitigated
""",
    "compare": """
$ counterflow compare run secure --fail-on money # exit 3
Limits that bind in one run alone
money: beyond the tolerance of 1e-06
$ counterflow compare run run
within the tolerance of 1e-06
""",
    "settle": """
$ counterflow settle run -o statement
written to statement
""",
    "export": """
$ counterflow export run -o prices.csv
""",
    "verify": """
$ counterflow verify run
""",
    "sql": """
$ counterflow sql run "select bus, round(avg(lmp), 2) as lmp from prices group by bus order by bus"
East ...
""",
    "tables": """
$ counterflow tables run --only concentration
""",
    "import": """
$ counterflow import pjm5 five --stress load=1.1
$ counterflow import nowhere five2 # exit 1
error: nowhere does not exist
""",
    "futures lots": """
$ counterflow futures lots 2016-06
""",
}
