"""Text for a terminal: what came from files and other programs cannot move the cursor or change colours.

The same as `results.plain`: no package of ours may import the other.
"""

from __future__ import annotations

import re

# Control characters but for tab and line end, the end of a line in old files, and marks that turn the direction round.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: str) -> str:
    r"""`text` with every control character written out, as in \x1b; tabs and line ends stay."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
