"""One attempt to buy: how far it came, and how it ended (README: `drop_offs`, `orders_by_step`, `checkout_durations`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from cells import Cells, week
from events import Event

STEPS = ["view", "cart", "checkout", "payment"]
STEP_OF = {
    "Product Viewed": "view",
    "Product Added": "cart",
    "Checkout Started": "checkout",
    "Checkout Step Viewed": "checkout",
    "Checkout Step Completed": "checkout",
    "Payment Info Entered": "payment",
}


@dataclass
class Attempt:
    step: int
    latest_ms: int
    checkout_ms: Optional[int] = None

    def unite(self, other: "Attempt") -> None:
        self.step, self.latest_ms = max(self.step, other.step), max(self.latest_ms, other.latest_ms)
        self.checkout_ms = min((time for time in (self.checkout_ms, other.checkout_ms) if time is not None), default=None)


def step_of(event: Event) -> Optional[int]:
    if event.name in ("Cart Viewed", "Cart Updated"):
        return 1 if event.products else None
    name = STEP_OF.get(event.name)
    return None if name is None else STEPS.index(name)


def advance(attempt: Optional[Attempt], event: Event) -> Optional[Attempt]:
    step = step_of(event)
    if step is None:
        return attempt
    attempt = attempt or Attempt(step, event.time_ms)
    attempt.step, attempt.latest_ms = max(attempt.step, step), max(attempt.latest_ms, event.time_ms)
    if step >= 2:
        attempt.checkout_ms = min(event.time_ms, attempt.checkout_ms or event.time_ms)
    return attempt


def count_order(attempt: Attempt, order_ms: int, cells: Cells) -> None:
    cells.add("orders_by_step", 1, week(order_ms), step=STEPS[attempt.step])
    if attempt.checkout_ms is not None:
        cells.observe("checkout_durations", order_ms - attempt.checkout_ms, week(order_ms))


def count_drop_off(attempt: Attempt, cells: Cells) -> None:
    cells.add("drop_offs", 1, week(attempt.latest_ms), step=STEPS[attempt.step])
