"""One customer: applies events and deadlines in the order given and notes what subscribers must see.

This is the contract (contracts.md 2-5) at its most literal: plain Python objects, everything remembered, nothing encoded or optimised.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Optional

from attempts import Attempt, advance
from carts import Carts
from events import CART_EVENTS, Event
from lifecycle import Lifecycle, model_inputs, p_alive
from mailing import Mailing
from orders import DAY_MS, Order, Orders, Refund

REMEMBERED_IDS = 16
ANONYMOUS_EXPIRY_MS = 90 * DAY_MS
PLAY = "cart_recovery"


@dataclass
class Settings:
    consent_require: str = "opt_in"
    cart_delay_ms: int = 3_600_000
    cart_expires_ms: int = 86_400_000
    drop_off_after_ms: int = DAY_MS


@dataclass
class Expected:
    """What the outputs must contain: records per topic and customer in order, dead letters as a multiset of (key, raw record)."""

    transitions: dict = field(default_factory=dict)
    clv: dict = field(default_factory=dict)
    actions: dict = field(default_factory=dict)
    dead_letters: Counter = field(default_factory=Counter)
    counts: Counter = field(default_factory=Counter)


class Customer:
    def __init__(self, name: str, settings: Settings, expected: Expected) -> None:
        self.name, self.settings, self.expected = name, settings, expected
        self.now_ms = 0
        self.last_event_ms = 0
        self.ids: deque = deque(maxlen=REMEMBERED_IDS)
        self.is_anonymous = True
        self.is_identified = False
        self.mailing = Mailing()
        self.orders = Orders()
        self.carts = Carts(settings.cart_delay_ms)
        self.lifecycle = Lifecycle()
        self.attempt: Optional[Attempt] = None

    def apply(self, event: Event) -> None:
        if event.message_id is not None:
            if ("message", event.message_id) in self.ids:
                self.expected.counts["repeated message"] += 1
                return
            self.ids.append(("message", event.message_id))
        self.now_ms = max(self.now_ms, event.time_ms)
        self.last_event_ms = max(self.last_event_ms, event.time_ms)
        self.is_anonymous &= event.is_anonymous
        self.is_identified |= event.name == "identify"
        was_withdrawn = self.mailing.withdrawn() is not None
        self.mailing.learn(event)
        self.mailing.apply(event)
        reason = self.mailing.withdrawn()
        if reason and not was_withdrawn:
            self._report_cancel(self.carts.withdraw(reason, event.time_ms), event.time_ms)
        self.lifecycle.note_look(event.name)
        cause = self._apply_kind(event)
        if self.orders.latest_ms is None or self.orders.latest_ms <= event.time_ms:
            self.attempt = advance(self.attempt, event)
        self._restage(cause, event.time_ms)

    def _apply_kind(self, event: Event) -> str:
        """Returns the cause of a stage change, should there be one."""
        if event.name == "Order Completed":
            return self._order(event)
        if event.name in ("Order Refunded", "Order Cancelled"):
            return self._refund(event)
        if event.name in CART_EVENTS:
            self._cart(event)
        return "other"

    def _order(self, event: Event) -> str:
        order_id = event.properties["order_id"]
        if self.orders.find(order_id) is not None:
            self.expected.counts["repeated order"] += 1
            return "other"
        self.expected.counts["order"] += 1
        if self.attempt and self.attempt.latest_ms <= event.time_ms:
            self.attempt = None
        self.orders.complete(Order(order_id, event.time_ms, event.currency, event.amount_minor))
        self.lifecycle.note_order(event.time_ms, is_latest=event.time_ms == self.orders.latest_ms)
        self._report_clv(event.time_ms)
        self._report_cancel(self.carts.order(event), event.time_ms)
        return "order"

    def _refund(self, event: Event) -> str:
        refund_id = event.properties.get("refund_id")
        if refund_id is not None and event.name == "Order Refunded":
            if ("refund", refund_id) in self.ids:
                self.expected.counts["repeated refund"] += 1
                return "other"
            self.ids.append(("refund", refund_id))
        if not self.orders.refund(Refund(event.properties["order_id"], event.amount_minor, event.currency)):
            self.expected.counts["refund without effect (yet)"] += 1
            return "other"
        self.expected.counts["refund"] += 1
        self._report_clv(event.time_ms)
        return "refund"

    def _cart(self, event: Event) -> None:
        if self.orders.latest_ms is not None and event.time_ms < self.orders.latest_ms:
            self.expected.counts["late cart event"] += 1
            return
        self._report_cancel(self.carts.apply(event), event.time_ms)

    def erase(self, time_ms: int) -> None:
        """The last thing that happens to a customer: the caller forgets the object."""
        self.expected.counts["erased"] += 1
        self._report_cancel(self.carts.erase(time_ms), time_ms)

    def deadline_ms(self) -> Optional[int]:
        times = [self.carts.deadline_ms(), self.lifecycle.deadline_ms(), self._drop_off_ms(), self._expiry_ms()]
        return min((time for time in times if time is not None), default=None)

    def _drop_off_ms(self) -> Optional[int]:
        """Nobody is told of it here, but the customer's now moves on to it, which an order that comes late is scored at."""
        return self.attempt and self.attempt.latest_ms + self.settings.drop_off_after_ms

    def _expiry_ms(self) -> Optional[int]:
        if not self.is_anonymous or self.mailing.email is not None or self.orders.latest_ms is not None:
            return None
        return self.last_event_ms + ANONYMOUS_EXPIRY_MS

    def fire(self) -> bool:
        """Fires the earliest deadline; True if the row expires with it."""
        due_ms = self.deadline_ms()
        self.now_ms = max(self.now_ms, due_ms)
        if due_ms == self.carts.deadline_ms():
            self._remind(due_ms)
        elif due_ms == self.lifecycle.deadline_ms():
            pass
        elif due_ms == self._drop_off_ms():
            self.attempt = None
            return False
        elif due_ms == self._expiry_ms():
            self.expected.counts["anonymous row expired"] += 1
            return True
        self._restage("deadline", due_ms)
        return False

    def _remind(self, due_ms: int) -> None:
        cart = self.carts.open
        self.carts.decide(cart, due_ms)
        reason = self.mailing.refusal(self.settings.consent_require, self.orders.latest_ms is not None)
        expires_ms = due_ms + self.settings.cart_expires_ms
        value = cart.value()
        action = {
            "kind": "suppressed" if reason else "send",
            "play": PLAY,
            "reason": reason,
            "event_time": due_ms,
            "due_at": due_ms,
            "expires_at": expires_ms,
            "cart_id": cart.id,
            "cart_value": value and {"minor": value[0], "currency": value[1]},
        }
        if not reason:
            cart.send_expires_ms = expires_ms
            action["email"] = self.mailing.email
        self._report("actions", action)

    def _restage(self, cause: str, time_ms: int) -> None:
        is_lead = self.is_identified or self.mailing.email is not None
        moved = self.lifecycle.move(self.orders, is_lead, self.now_ms, cause)
        if moved:
            before, after, reason, cycle = moved
            self._report(
                "transitions", {"from": before, "to": after, "reason": reason, "cycle": cycle, "event_time": time_ms}
            )

    def _report_clv(self, time_ms: int) -> None:
        inputs = model_inputs(self.orders, self.now_ms)
        record = {"event_time": time_ms, "historic": self.orders.historic()}
        if inputs:
            record.update(primary_currency=self.orders.primary_currency(), x=inputs[0], p_alive=p_alive(*inputs))
        self._report("clv", record)

    def _report_cancel(self, reason: Optional[str], time_ms: int) -> None:
        if reason:
            self._report("actions", {"kind": "cancel", "play": PLAY, "reason": reason, "event_time": time_ms})

    def _report(self, topic: str, record: dict) -> None:
        getattr(self.expected, topic).setdefault(self.name, []).append(record)
