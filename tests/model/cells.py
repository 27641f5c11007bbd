"""Figures over all customers, added up by name, dimensions and window (README, "Figures over all customers")."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Optional

EPOCH = datetime(1970, 1, 1)


def month(time_ms: int) -> str:
    return (EPOCH + timedelta(milliseconds=time_ms)).strftime("%Y-%m")


def week(time_ms: int) -> str:
    """The Monday of the week."""
    day = EPOCH + timedelta(milliseconds=time_ms)
    return (day - timedelta(days=day.weekday())).strftime("%Y-%m-%d")


def at_most(value: int, unit: int, bounds: list) -> str:
    """The first bound that the value does not exceed."""
    return next((str(bound) for bound in bounds if value <= bound * unit), "longer")


class Cells:
    def __init__(self) -> None:
        self.sums: Counter = Counter()

    def add(self, name: str, delta: int, window: str = "all", **dims: Optional[str]) -> None:
        """What is not known of a dimension is `unknown`."""
        self.sums[(name, tuple(sorted((dim, value or "unknown") for dim, value in dims.items())), window)] += delta
