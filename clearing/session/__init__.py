"""The loop: solve, find what is exceeded, add it, solve again; then prices and their uniqueness.

In: a day and its program. Out: a cleared state from which tables are made. A session holds a live
program; a rerun with other prices takes it along, and its parent keeps what was solved as arrays.
"""
