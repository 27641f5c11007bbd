"""The tier of a customer: up at once, down when spend has not held it for the time of grace (README, "Loyalty programme")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from orders import Orders

NONE = "none"


@dataclass
class TierRules:
    levels: list  # (name, spend by currency), from the lowest
    window_ms: int
    grace_ms: int


class Tier:
    def __init__(self, rules: TierRules) -> None:
        self.rules = rules
        self.name: Optional[str] = None  # None: never in any
        self.since_ms: Optional[int] = None
        self.lost_ms: Optional[int] = None

    def rank(self) -> int:
        """-1: in none."""
        names = [name for name, _ in self.rules.levels]
        return names.index(self.name) if self.name in names else -1

    def settle(self, orders: Orders, now_ms: int) -> Optional[tuple]:
        """(from, to, whether it is a rise), if the customer moves."""
        currency = orders.primary_currency()
        if currency is None and not self.name:
            return None
        own, earned = self.rank(), self._earned(orders, currency, now_ms)
        if earned > own:
            return self._change(earned, None, True)
        if earned == own:
            self.lost_ms = None
            return None
        self.lost_ms = now_ms if self.lost_ms is None else self.lost_ms
        if now_ms < self.lost_ms + self.rules.grace_ms:
            return None
        for rank in range(own - 1, earned, -1):
            until_ms = self._held_until_ms(orders, rank)
            if until_ms is not None and orders.latest_ms < until_ms and until_ms + self.rules.grace_ms > now_ms:
                return self._change(rank, until_ms, False)
        return self._change(earned, None, False)

    def _change(self, rank: int, lost_ms: Optional[int], is_rise: bool) -> tuple:
        before = self.name
        self.name, self.lost_ms = (self.rules.levels[rank][0] if rank >= 0 else NONE), lost_ms
        return before, self.name, is_rise

    def _earned(self, orders: Orders, currency: Optional[str], now_ms: int) -> int:
        spend = sum(order.remaining_minor for order in self._kept(orders, currency) if order.time_ms > now_ms - self.rules.window_ms)
        reached = [rank for rank, (_, least) in enumerate(self.rules.levels) if currency in least and least[currency] <= spend]
        return max(reached, default=-1)

    @staticmethod
    def _kept(orders: Orders, currency: Optional[str]) -> list:
        return [order for order in orders.kept if order.currency == currency]

    def _held_until_ms(self, orders: Orders, rank: int) -> Optional[int]:
        """When the newest orders that suffice for it leave the window."""
        currency, total = orders.primary_currency(), 0
        for order in reversed(self._kept(orders, currency)):
            total += order.remaining_minor
            if total >= self.rules.levels[rank][1].get(currency, float("inf")):
                return order.time_ms + self.rules.window_ms
        return None

    def due_ms(self, orders: Orders, now_ms: int) -> Optional[int]:
        if self.rank() < 0:
            return None
        if self.lost_ms is not None:
            return self.lost_ms + self.rules.grace_ms
        until_ms = self._held_until_ms(orders, self.rank())
        return now_ms if until_ms is None else until_ms
