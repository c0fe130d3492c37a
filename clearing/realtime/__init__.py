"""Real time: short windows solved one after another on a commitment made day-ahead.

In: a case and a day-ahead run. Out: one run joined from the windows.
"""
