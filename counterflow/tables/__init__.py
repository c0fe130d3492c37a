"""A run in tables: summaries, comparison, monitor's tables, disclosure, export.

In: runs. Out: frames and rich tables. Changes nothing.
"""
