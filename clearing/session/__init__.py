"""The loop: solve, find what is exceeded, add it, solve again; then prices and their uniqueness.

In: a day and its program. Out: a cleared state from which tables are made. A session owns its live
program; a rerun is a new session.
"""
