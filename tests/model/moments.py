"""What a customer waits for, and what happens then (README: plays, stages, segments, tiers, points, drop-offs, birthdays)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional

from attempts import count_drop_off

if TYPE_CHECKING:
    from shopper import Shopper


def dues(customer: "Shopper") -> list:
    """(moment, what happens then), in the order in which things of one moment happen; no moment: not waited for."""
    play, points, attempt = customer.plays.next_due(), customer.points, customer.attempt
    return [
        (play and play[0], lambda due_ms: customer.plays.fire(play[1], due_ms)),
        (customer.lifecycle.deadline_ms(), stage_of(customer)),
        (customer.world.falls.get((customer.name, customer.world.clv_records[customer.name])), lambda _: customer.score()),
        (customer.tier.due_ms(customer.orders, customer.now_ms), customer.settle_tier),
        (points and points.next_ms(), lambda _: expire(customer)),
        (attempt and attempt.latest_ms + customer.world.rules.drop_off_after_ms, lambda _: drop_off(customer)),
        (birthday_ms(customer), lambda _: None),  # begins with the moment (`move_to`)
    ]


def stage_of(customer: "Shopper") -> Callable:
    """Silence is worth another look at the customer; the end of being new is not."""
    is_silence = customer.stage != "onboarding"

    def move(due_ms: int) -> None:
        customer.restage("deadline", due_ms)
        if is_silence:
            customer.score()

    return move


def expire(customer: "Shopper") -> None:
    before = customer.points.total()
    customer.points.expire(customer.now_ms)
    customer.cells.add("points_outstanding", customer.points.total() - before)


def drop_off(customer: "Shopper") -> None:
    count_drop_off(customer.attempt, customer.cells)
    customer.attempt = None


def birthday_ms(customer: "Shopper") -> Optional[int]:
    """The next midnight that begins it where they live; 29 February is the 28th in other years."""
    if customer.birthday is None or not customer.world.has_birthdays:
        return None
    now = customer.local(customer.now_ms)
    month, day = int(customer.birthday[-5:-3]), int(customer.birthday[-2:])
    for year in (now.year, now.year + 1):
        is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        day_then = 28 if (month, day, is_leap) == (2, 29, False) else day
        midnight = now.replace(year=year, month=month, day=day_then, hour=0, minute=0, second=0, microsecond=0)
        at_ms = int(midnight.timestamp() * 1000)
        if at_ms > customer.now_ms:
            return at_ms
    return None
