"""Runs in the layouts of published files, so that people's own tools can read a made-up market.

A run comes in; frames, or files, of offers, prices and loads go out, in the columns of a market's
reports. `cases.readers.published` reads them back.
"""

from counterflow.layouts.write import LAYOUT_NAMES, published_frames, write_published

__all__ = ["LAYOUT_NAMES", "published_frames", "write_published"]
