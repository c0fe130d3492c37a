"""A table as LaTeX, for papers: booktabs rules, numbers to the right, every text escaped."""

from __future__ import annotations

import re

import pandas as pd

from counterflow.console import number, stamp

__all__ = ["latex_table"]

_SPECIAL = re.compile(r"[&%$#_{}~^\\]")
_ESCAPED = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def latex_table(rows: pd.DataFrame, caption: str = "", *, digits: int = 2) -> str:
    r"""Write rows as a LaTeX tabular with the rules of booktabs.

    Parameters
    ----------
    rows
        Columns are headings; underscores in them become blanks.
    caption
        In a comment above, where it is given.
    digits
        Decimals of numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> print(latex_table(pd.DataFrame({"bus": ["A_1"], "lmp": [16.977]})))
    \begin{tabular}{lr}
    \toprule
    bus & lmp \\
    \midrule
    A\_1 & 16.98 \\
    \bottomrule
    \end{tabular}
    """
    numeric = [pd.api.types.is_numeric_dtype(rows[column].dtype) for column in rows.columns]
    layout = "".join("r" if right else "l" for right in numeric)
    heading = " & ".join(_text(str(column).replace("_", " ")) for column in rows.columns)
    lines = [f"% {caption}"] if caption else []
    lines += [rf"\begin{{tabular}}{{{layout}}}", r"\toprule", rf"{heading} \\", r"\midrule"]
    for values in rows.itertuples(index=False):
        lines.append(" & ".join(_cell(value, digits) for value in values) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])


def _cell(value: object, digits: int) -> str:
    if value is pd.NaT:
        return ""
    if isinstance(value, pd.Timestamp):
        return _text(stamp(value))
    return _text(number(value, digits))


def _text(text: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPED.get(found[0], "\\" + found[0]), text)
