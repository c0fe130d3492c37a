"""Clearing again: one way to reopen a run and solve it with other offers.

In: a run and the offers to use. Out: prices and quantities of the rerun; the run itself never
changes.
"""
