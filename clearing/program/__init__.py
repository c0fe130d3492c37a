"""The program that is solved: compiled once, held live in HiGHS, changed by the difference.

In: a formulation. Out: rows, costs and bounds in the solver, its duals, and the limits in
conflict when there is no solution. Later passes append rows and change costs here and nowhere
else.
"""
