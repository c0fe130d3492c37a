"""Limits that come in lazily: what is exceeded at a solution, and the rows that say so.

In: a dispatch and the grid. Out: rows of branches, interfaces, outages, ramps and losses for the
program. Each kind finds its own violations, names them and prices them.
"""
