"""One customer's orders, refunds and money (contracts.md 2, "Orders" and "Model inputs").

Only the 16 latest orders by event time can still be refunded or recognised as repeats; older ones are folded: their money and their days
count for good. Money is kept per currency: gross, refunds, and the number of orders that count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

KEPT_ORDERS = 16
HELD_REFUNDS = 4
DAY_MS = 86_400_000


@dataclass
class Order:
    id: str
    time_ms: int
    currency: str
    remaining_minor: int
    counts: bool = True  # until refunded in full


@dataclass
class Refund:
    order_id: str
    amount_minor: Optional[int]  # None: all that remains
    currency: Optional[str]


@dataclass
class Account:
    orders: int = 0
    gross_minor: int = 0
    refunds_minor: int = 0
    last_folded_ms: Optional[int] = None  # latest counted order that was folded away


class Orders:
    def __init__(self) -> None:
        self.kept: list = []  # by event time, then arrival
        self.held: list = []  # refunds that wait for their order
        self.accounts: dict = {}
        self.folded_days: dict = {}  # UTC day -> time of its earliest folded order
        self.folded_any = False
        self.latest_ms: Optional[int] = None  # largest event time of any order, refunded or not

    def find(self, order_id: str) -> Optional[Order]:
        return next((order for order in self.kept if order.id == order_id), None)

    def complete(self, order: Order) -> None:
        """Takes a new order, and the refunds that came before it."""
        account = self.accounts.setdefault(order.currency, Account())
        account.orders += 1
        account.gross_minor += order.remaining_minor
        self.latest_ms = order.time_ms if self.latest_ms is None else max(self.latest_ms, order.time_ms)
        self.kept.append(order)
        for refund in [held for held in self.held if held.order_id == order.id]:
            self.held.remove(refund)
            self._refund_order(order, refund)
        self.kept.sort(key=lambda kept: kept.time_ms)
        if len(self.kept) > KEPT_ORDERS:
            self._fold(self.kept.pop(0))

    def refund(self, refund: Refund) -> bool:
        """True if money or counts changed."""
        order = self.find(refund.order_id)
        if order is not None:
            return self._refund_order(order, refund)
        if self.folded_any:
            return self._refund_folded(refund)
        self.held.append(refund)
        del self.held[:-HELD_REFUNDS]
        return False

    def _refund_order(self, order: Order, refund: Refund) -> bool:
        if refund.currency is not None and refund.currency != order.currency:
            return False
        asked = order.remaining_minor if refund.amount_minor is None else refund.amount_minor
        applied = min(asked, order.remaining_minor)
        account = self.accounts[order.currency]
        order.remaining_minor -= applied
        account.refunds_minor += applied
        undone = order.counts and order.remaining_minor == 0
        if undone:
            order.counts = False
            account.orders -= 1
        return applied > 0 or undone

    def _refund_folded(self, refund: Refund) -> bool:
        account = self.accounts.get(refund.currency)
        if account is None or refund.amount_minor is None:
            return False
        applied = min(refund.amount_minor, account.gross_minor - account.refunds_minor)
        account.refunds_minor += applied
        return applied > 0

    def _fold(self, order: Order) -> None:
        self.folded_any = True
        if not order.counts:
            return
        account = self.accounts[order.currency]
        account.last_folded_ms = max(order.time_ms, account.last_folded_ms or order.time_ms)
        day = order.time_ms // DAY_MS
        self.folded_days[day] = min(order.time_ms, self.folded_days.get(day, order.time_ms))

    def unite(self, other: "Orders") -> None:
        """Takes all of another customer's, as if it had happened here."""
        known = {order.id for order in self.kept}
        self.kept += [order for order in other.kept if order.id not in known]
        self.kept.sort(key=lambda kept: kept.time_ms)
        for currency, theirs in other.accounts.items():
            account = self.accounts.setdefault(currency, Account())
            account.orders += theirs.orders
            account.gross_minor += theirs.gross_minor
            account.refunds_minor += theirs.refunds_minor
        self.latest_ms = max((time for time in (self.latest_ms, other.latest_ms) if time is not None), default=None)
        self.held += other.held
        for order in self.kept:
            for refund in [held for held in self.held if held.order_id == order.id]:
                self.held.remove(refund)
                self._refund_order(order, refund)
        del self.held[:-HELD_REFUNDS]

    def first_ms(self) -> Optional[int]:
        times = [order.time_ms for order in self.kept] + list(self.folded_days.values())
        return min(times, default=None)

    def day_times_ms(self) -> list:
        """Purchases merged per UTC day, each at the time of its earliest counted order, in order."""
        days = dict(self.folded_days)
        for order in self.kept:
            if order.counts:
                day = order.time_ms // DAY_MS
                days[day] = min(order.time_ms, days.get(day, order.time_ms))
        return [days[day] for day in sorted(days)]

    def last_counted_ms(self) -> Optional[int]:
        times = [self.last_counted_in_ms(currency) for currency in self.accounts]
        return max((time for time in times if time is not None), default=None)

    def last_counted_in_ms(self, currency: str) -> Optional[int]:
        times = [order.time_ms for order in self.kept if order.counts and order.currency == currency]
        folded = self.accounts[currency].last_folded_ms
        return max(times + ([] if folded is None else [folded]), default=None)

    def primary_currency(self) -> Optional[str]:
        """Most counted orders, a tie to the latest of them. None when no order counts: the contract does not say which then."""
        ranked = [
            (account.orders, self.last_counted_in_ms(currency), currency)
            for currency, account in self.accounts.items()
            if account.orders > 0
        ]
        return max(ranked)[2] if ranked else None

    def historic(self) -> dict:
        """currency -> (orders, gross, net of refunds), as a clv record states it."""
        return {
            currency: (account.orders, account.gross_minor, account.gross_minor - account.refunds_minor)
            for currency, account in self.accounts.items()
        }
