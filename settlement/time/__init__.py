"""Time as money sees it: calendars, blocks of hours, and the value of money over months.

In: dates, rates, conventions. Out: hours, days and factors. Knows no run.
"""
