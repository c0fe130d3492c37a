"""Structure: who was pivotal, for which constraint, in which interval.

In: a cleared run, owners, the rulebook. Out: `tests_structure` and supply by owner. `run.py`
runs the tests that a rulebook names; each test is a file of its own.
"""
