"""The ledger: exact money, lines that point to quantity, price and rule, and the statement.

In: lines from the other rooms. Out: a statement that sums to zero. All rounding happens here.
"""
