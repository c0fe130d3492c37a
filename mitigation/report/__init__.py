"""What a market monitor reads: summaries of tests, conduct and supply over a run.

In: mitigated runs. Out: tables. Decides nothing.
"""
