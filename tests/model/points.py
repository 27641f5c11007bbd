"""Points of the loyalty programme: what expires first is spent first (README, "Loyalty programme")."""

from __future__ import annotations

from typing import Optional

EXPIRIES = 8


class Points:
    def __init__(self) -> None:
        self.lasting = 0
        self.expiring: dict = {}  # moment -> points

    def total(self) -> int:
        return self.lasting + sum(self.expiring.values())

    def earn(self, points: int, expires_ms: Optional[int], now_ms: int) -> None:
        if expires_ms is None:
            self.lasting += points
        elif expires_ms > now_ms and points > 0:
            self.expiring[expires_ms] = self.expiring.get(expires_ms, 0) + points
        if len(self.expiring) > EXPIRIES:
            *_, before, latest = sorted(self.expiring)
            self.expiring[latest] += self.expiring.pop(before)

    def spend(self, points: int) -> None:
        for moment in sorted(self.expiring):
            taken = min(points, self.expiring[moment])
            self.expiring[moment] -= taken
            points -= taken
        self.expiring = {moment: left for moment, left in self.expiring.items() if left}
        self.lasting -= min(points, self.lasting)

    def next_ms(self) -> Optional[int]:
        return min(self.expiring, default=None)

    def expire(self, now_ms: int) -> None:
        self.expiring = {moment: points for moment, points in self.expiring.items() if moment > now_ms}
