"""Stages and the moments at which silence changes them (contracts.md 3, reference formulas of MBG/NBD).

P(alive) of MBG/NBD after x repeat days, the last at t_x, seen at T (weeks since the first):
    1 / (1 + a / (b + x) * ((alpha + T) / (alpha + t_x)) ** (r + x))          Batislam, Denizel, Filiztekin 2007; Hoppe, Wagner 2007
It falls to theta at T* = (alpha + t_x) * ((1 - theta) / theta * (b + x) / a) ** (1 / (r + x)) - alpha, which is solved for T above.
"""

from __future__ import annotations

import math
from typing import Optional

from orders import DAY_MS, Orders

R, ALPHA, A, B = 0.5248, 6.1833, 0.8909, 1.6141
WEEK_MS = 7 * DAY_MS

AT_RISK_BELOW, LAPSED_BELOW = 0.50, 0.30
MIN_SILENCE_MS, MAX_SILENCE_MS = 30 * DAY_MS, 730 * DAY_MS
LOYAL_REPEATS = 5
CONSIDERATION_VIEWS = 3
ONBOARDING_MS = 14 * DAY_MS


def p_alive(x: int, t_x_weeks: float, t_weeks: float) -> float:
    odds_of_gone = A / (B + x) * ((ALPHA + t_weeks) / (ALPHA + t_x_weeks)) ** (R + x)
    return 1 / (1 + odds_of_gone)


def weeks_until(theta: float, x: int, t_x_weeks: float) -> float:
    return (ALPHA + t_x_weeks) * ((1 - theta) / theta * (B + x) / A) ** (1 / (R + x)) - ALPHA


def model_inputs(orders: Orders, now_ms: int) -> Optional[tuple]:
    """(x, t_x, T) with times in weeks; None without a counted order."""
    days = orders.day_times_ms()
    if not days:
        return None
    return len(days) - 1, (days[-1] - days[0]) / WEEK_MS, (now_ms - days[0]) / WEEK_MS


def silence_times_ms(orders: Orders) -> Optional[tuple]:
    """(at_risk from, lapsed from) if no further order comes; None without a counted order."""
    days = orders.day_times_ms()
    if not days:
        return None
    first, repeats, last_order = days[0], len(days) - 1, orders.last_counted_ms()
    t_x_weeks = (days[-1] - first) / WEEK_MS
    at_risk = first + math.ceil(weeks_until(AT_RISK_BELOW, repeats, t_x_weeks) * WEEK_MS)
    lapsed = first + math.ceil(weeks_until(LAPSED_BELOW, repeats, t_x_weeks) * WEEK_MS)
    return max(at_risk, last_order + MIN_SILENCE_MS), min(lapsed, last_order + MAX_SILENCE_MS)


class Lifecycle:
    """Current stage of one customer. `move` is told what happened and returns the transition, if there is one."""

    def __init__(self, onboarding_ms: int = ONBOARDING_MS) -> None:
        self.onboarding_ms = onboarding_ms
        self.signed_up_ms: Optional[int] = None
        self.has_referred = False
        self.stage: Optional[str] = None
        self.cycle = 1
        self.reactivated_day: Optional[int] = None  # UTC day of the order that set the mark
        self.silence: Optional[tuple] = None
        self.product_views = 0
        self.has_compared = False

    def note_look(self, event_name: str) -> None:
        self.product_views += event_name == "Product Viewed"
        self.has_compared |= event_name == "Products Compared"

    def note_sign_up(self, time_ms: int) -> None:
        self.signed_up_ms = min(time_ms, self.signed_up_ms or time_ms)

    def note_order(self, time_ms: int, is_latest: bool) -> None:
        """Before `move`: the latest order brings a lapsed customer back (an order told late does not), and the next day's settles that."""
        day = time_ms // DAY_MS
        if self.stage == "lapsed" and is_latest:
            self.cycle += 1
            self.reactivated_day = day
        elif self.reactivated_day is not None and day > self.reactivated_day:
            self.reactivated_day = None

    def move(self, orders: Orders, is_lead: bool, now_ms: int, cause: str) -> Optional[tuple]:
        """`cause`: order, refund, deadline or other. Returns (from, to, reason, cycle)."""
        self.silence = silence_times_ms(orders)
        before, after = self.stage, self._stage_at(orders, is_lead, now_ms)
        if after == before:
            return None
        self.stage = after
        if after in ("at_risk", "lapsed"):
            self.reactivated_day = None
        return before, after, reason_of(before, after, cause), self.cycle

    def _stage_at(self, orders: Orders, is_lead: bool, now_ms: int) -> str:
        at_risk_ms, lapsed_ms = self.silence or (math.inf, math.inf)
        if now_ms >= lapsed_ms:
            return "lapsed"
        if now_ms >= at_risk_ms:
            return "at_risk"
        if self.reactivated_day is not None:
            return "reactivated"
        days = len(orders.day_times_ms())
        if days > LOYAL_REPEATS:
            return "advocate" if self.has_referred else "loyal"
        if days > 1:
            return "repeat"
        if days == 1:
            return "first_time"
        if self.has_compared or self.product_views >= CONSIDERATION_VIEWS:
            return "consideration"
        if self.signed_up_ms is not None and now_ms < self.signed_up_ms + self.onboarding_ms:
            return "onboarding"
        return "lead" if is_lead else "visitor"

    def deadline_ms(self) -> Optional[int]:
        """When time alone changes the stage next."""
        if self.stage == "onboarding":
            return self.signed_up_ms + self.onboarding_ms
        if self.silence is None or self.stage == "lapsed":
            return None
        at_risk_ms, lapsed_ms = self.silence
        return lapsed_ms if self.stage == "at_risk" else min(at_risk_ms, lapsed_ms)


def reason_of(before: Optional[str], after: str, cause: str) -> str:
    if before is None:
        return "first_seen" if after in ("visitor", "lead") else "order"
    if before == "visitor" and after == "lead":
        return "identified"
    if cause == "deadline":
        return "silence"
    if cause == "refund":
        return "refund"
    if after == "consideration":
        return "considering"
    return "reactivated" if after == "reactivated" else "order"
