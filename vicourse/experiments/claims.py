"""What a paper is held against, and whether it was reproduced.

Chapter: deep/paper_experiments
"""

from typing import NamedTuple


class Claim(NamedTuple):
    """One thing to be reproduced, and whether it was.

    Attributes:
        what: in words.
        wanted: in words, with the tolerance and the unit.
        found: in that unit.
        holds: bool.

    Chapter: deep/paper_experiments
    """

    what: str
    wanted: str
    found: float
    holds: bool


def verdict_lines(claims):
    """A line of a report for each `Claim`: whether it was reproduced, what came and was wanted."""
    return [
        f"{'' if holds else 'NOT '}reproduced: {what}: {found:.2f}, wanted {wanted}"
        for what, wanted, found, holds in claims
    ]
