"""Figures over all customers, added up by name, dimensions and window (README, "Figures over all customers")."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Optional

EPOCH = datetime(1970, 1, 1)
# the dimension in which bins of a sketch are told apart here
BIN = "bin"


def month(time_ms: int) -> str:
    return (EPOCH + timedelta(milliseconds=time_ms)).strftime("%Y-%m")


def week(time_ms: int) -> str:
    """The Monday of the week."""
    day = EPOCH + timedelta(milliseconds=time_ms)
    return (day - timedelta(days=day.weekday())).strftime("%Y-%m-%d")


def begin_of_bin(duration_ms: int) -> int:
    """Bins of a sketch are an eighth of their power of two, and a millisecond at least."""
    width = 1 << max(0, duration_ms.bit_length() - 4)
    return duration_ms // width * width


class Cells:
    def __init__(self) -> None:
        self.sums: Counter = Counter()

    def add(self, name: str, delta: int, window: str = "all", **dims: Optional[str]) -> None:
        """What is not known of a dimension is `unknown`."""
        self.sums[(name, tuple(sorted((dim, value or "unknown") for dim, value in dims.items())), window)] += delta

    def observe(self, name: str, duration_ms: int, window: str, **dims: Optional[str]) -> None:
        """A sketch is counted as its bins are, each by itself."""
        self.add(name, 1, window, **dims, **{BIN: str(begin_of_bin(max(duration_ms, 0)))})
