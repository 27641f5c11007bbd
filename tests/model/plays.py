"""A customer's plays: what starts a mail waiting, what drops it, the gates when it is due, what takes it back (README, "Plays").

The arm a customer is in, and the variant of a step, are draws that the contract leaves to lifetide; they are looked up (`Arms`, `Variants`), and
checked for being one for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Optional
from zoneinfo import ZoneInfo

from carts import DECIDED_CARTS
from cells import week
from orders import Order
from rules import Play

if TYPE_CHECKING:
    from shopper import Shopper

UTC = timezone.utc
SEND_REASONS = {"cart": "cart_idle", "stage": "stage_entered", "event": "event_seen", "date": "birthday", "tier": "level_reached"}


class Arms:
    """(customer, play) -> treatment or control, as the actions tell it. Who got no record that tells is treated: it makes no difference."""

    def __init__(self) -> None:
        self.told: dict = {}

    def of(self, customer: str, play: str) -> str:
        return self.told.get((customer, play), "treatment")


class Variants:
    """(customer, play, step) -> template, as the actions tell it."""

    def __init__(self) -> None:
        self.told: dict = {}

    def of(self, customer: str, play: Play) -> list:
        """Of the steps with several templates."""
        return [(str(step), self.told.get((customer, play.name, step), "untold")) for step in play.several]


@dataclass
class State:
    phase: str = "idle"  # idle, waiting, over
    step: int = 0
    due_ms: int = 0
    release_ms: Optional[int] = None
    out: list = field(default_factory=list)  # expires_ms of sends that may be taken back
    last_send_ms: Optional[int] = None
    decided_ms: Optional[int] = None
    begun_ms: Optional[int] = None  # of plays that no cart begins

    def wakes_ms(self) -> Optional[int]:
        return (self.release_ms or self.due_ms) if self.phase == "waiting" else None

    def forget(self) -> None:
        self.phase, self.out = "idle", []

    def has_decided(self, due_ms: int) -> bool:
        return self.decided_ms is not None and due_ms <= self.decided_ms


class Plays:
    def __init__(self, owner: "Shopper") -> None:
        self.owner = owner
        self.rules = owner.world.rules
        self.states: dict = {}
        self.sends_ms: list = []
        self.decided_carts: list = []  # (play, cart id), of all plays

    def state(self, play: Play) -> State:
        return self.states.setdefault(play.name, State())

    # ---- what begins and ends

    def begin(self, play: Play, from_ms: int) -> None:
        due_ms, state = from_ms + play.delays_ms[0], self.state(play)
        if state.phase == "waiting" or state.has_decided(due_ms):
            return
        state.phase, state.step, state.due_ms, state.release_ms, state.out = "waiting", 0, due_ms, None, []
        state.begun_ms = from_ms

    def call_off(self, play: Play, reason: str, time_ms: int) -> None:
        self.take_back(play, reason, time_ms)
        self.state(play).forget()

    def take_back(self, play: Play, reason: str, time_ms: int) -> None:
        state = self.states.get(play.name)
        for expires_ms in state.out if state else []:
            if expires_ms > time_ms:
                self.owner.act("cancel", play.name, reason)
        if state:
            state.out = []

    def triggered(self, kind: str, word: str) -> list:
        return [play for play in self.rules.plays if play.trigger == (kind, word)]

    def on_event(self, name: str, time_ms: int, order_id: Optional[str] = None) -> None:
        order = order_id and self.owner.orders.find(order_id)
        is_given_back = bool(order) and not order.counts
        ordered_ms = self.owner.orders.latest_ms
        for play in self.triggered("event", name):
            is_ended = ordered_ms is not None and time_ms <= ordered_ms and name != "Order Completed"
            if not (is_ended and "order" in play.cancel_on) and not (is_given_back and "refund" in play.cancel_on):
                self.begin(play, time_ms)

    def on_stage(self, before: Optional[str], after: str, time_ms: int) -> None:
        for play in self.rules.plays:
            if play.trigger == ("stage", after):
                self.begin(play, time_ms)
            elif play.trigger == ("stage", before) and "stage_left" in play.cancel_on:
                self.call_off(play, "stage_left", time_ms)

    def on_tier(self, name: str, time_ms: int) -> None:
        for play in self.triggered("tier", name) + self.triggered("tier", "any"):
            self.begin(play, time_ms)

    def on_order(self, time_ms: int) -> None:
        for play in self.rules.plays:
            if play.trigger[0] != "cart" and "order" in play.cancel_on:
                self.call_off(play, "order", time_ms)

    def on_refund(self, order: Order, time_ms: int) -> None:
        """The order was given back in full: what began with it, or with the latest parcel heard of, which is of it, ends."""
        parcel = self.owner.parcel
        moments = {order.time_ms} | ({parcel.at_ms} if parcel.order_id == order.id else set())
        for play in self.rules.plays:
            if "refund" in play.cancel_on and self.state(play).begun_ms in moments:
                self.call_off(play, "refund", time_ms)

    def on_birthday(self, time_ms: int) -> None:
        year = self.owner.local(time_ms).year
        for play in self.triggered("date", "birthday"):
            decided_ms = self.state(play).decided_ms
            if decided_ms is None or self.owner.local(decided_ms).year < year:
                self.begin(play, time_ms)

    def on_cart(self, opened: bool, touched: bool, emptied: bool, abandoned_ms: Optional[int], time_ms: int) -> None:
        if touched and not emptied:
            for play in self.rules.plays:
                if "cart_filled" in play.cancel_on:
                    self.call_off(play, "cart_filled", time_ms)
        for play in self.triggered("cart", "idle"):
            state = self.state(play)
            if opened:
                state.forget()
            if emptied:
                if state.phase == "waiting":
                    state.phase = "idle" if state.step == 0 else "over"
                if "cart_emptied" in play.cancel_on:
                    self.take_back(play, "cart_emptied", time_ms)
            elif touched or abandoned_ms is not None:
                self._await_first_step(play, state, abandoned_ms)

    def _await_first_step(self, play: Play, state: State, abandoned_ms: Optional[int]) -> None:
        cart = self.owner.cart
        if cart is None or state.phase == "over" or (state.phase == "waiting" and state.step > 0):
            return
        due_ms = cart.last_change_ms + play.delays_ms[0] if abandoned_ms is None else abandoned_ms
        if self._drop_decided(play, state):
            return
        if not cart.has_content():
            state.phase = "idle"
        elif not state.has_decided(due_ms):
            state.phase, state.step, state.due_ms, state.release_ms = "waiting", 0, due_ms, None

    def _drop_decided(self, play: Play, state: State) -> bool:
        """Whether the open cart was decided about; then no first step of it waits."""
        if self.owner.cart is None or (play.name, self.owner.cart.id) not in self.decided_carts:
            return False
        if state.phase == "waiting" and state.step == 0:
            state.phase = "over"
        return True

    def on_decisions_known(self) -> None:
        for play in self.triggered("cart", "idle"):
            if play.name in self.states:
                self._drop_decided(play, self.states[play.name])

    def on_cart_ordered(self, cart_id: str) -> None:
        for play in self.triggered("cart", "idle"):
            self.decide_carts([], without=(play.name, cart_id))

    def has_decided_about_cart(self) -> bool:
        return any((play.name, self.owner.cart.id) in self.decided_carts for play in self.triggered("cart", "idle"))

    def on_cart_renamed(self, cart_id: str) -> None:
        for play in self.triggered("cart", "idle"):
            if (play.name, self.owner.cart.id) in self.decided_carts:
                self.decide_carts([(play.name, cart_id)])

    def on_cart_closed(self, time_ms: int) -> None:
        for play in self.triggered("cart", "idle"):
            if "order" in play.cancel_on:
                self.take_back(play, "order", time_ms)
            self.state(play).forget()
            if self.owner.cart:
                self.decide_carts([], without=(play.name, self.owner.cart.id))

    def on_withdrawal(self, reason: str, time_ms: int) -> None:
        for play in self.rules.plays:
            self.take_back(play, reason, time_ms)
            state = self.states.get(play.name)
            if state and state.phase == "waiting" and state.step > 0:
                state.phase = "over"

    def end_all(self, reason: str, time_ms: int) -> None:
        for play in self.rules.plays:
            self.take_back(play, reason, time_ms)

    def decide_carts(self, added: list, without: Optional[tuple] = None) -> None:
        kept = [place for place in self.decided_carts if place not in added and place != without]
        self.decided_carts = (kept + added)[-DECIDED_CARTS:]

    # ---- what is due

    def next_due(self) -> Optional[tuple]:
        """(moment, place of the play): of several at one moment the one of the highest priority, then the first by name."""
        due = []
        for place, play in enumerate(self.rules.plays):
            state = self.states.get(play.name)
            wakes_ms = state.wakes_ms() if state else None
            if wakes_ms is not None:
                due.append((wakes_ms, place))
        return min(due, default=None)

    def fire(self, place: int, at_ms: int) -> None:
        play = self.rules.plays[place]
        state = self.state(play)
        reason = self.refusal(play, state, at_ms)
        if reason is None:
            until_ms = self.quiet_until_ms(play, at_ms)
            if until_ms is not None:
                state.release_ms = until_ms
                return
            if self.owner.world.arms.of(self.owner.name, play.name) == "control":
                reason = "control"
        if state.step == 0:
            state.decided_ms = state.due_ms
            if play.trigger[0] == "cart" and self.owner.cart:
                self.decide_carts([(play.name, self.owner.cart.id)])
        kind = "suppressed" if reason else "send"
        self.owner.act(kind, play.name, reason or SEND_REASONS[play.trigger[0]], at_ms)
        if state.step == 0 and reason in (None, "control"):
            self.owner.campaigns.expose(play.name, "control" if reason else "treatment", at_ms, self.owner.cells, self.variants(play))
        if state.step == 0 and play.trigger[0] == "cart":
            self.count_cart(play, at_ms)
        if reason is None:
            for step, template in self.variants(play):
                if step == str(state.step + 1):
                    self.owner.cells.add("variant_sent", 1, week(at_ms), play=play.name, step=step, template=template)
        if reason is None:
            state.out.append(state.due_ms + play.expires_ms)
        if reason in (None, "control"):
            self._go_on(play, state, at_ms)
        else:
            state.phase = "over"

    def variants(self, play: Play) -> list:
        return self.owner.world.variants.of(self.owner.name, play)

    def variants_of(self, name: str) -> list:
        return next((self.variants(play) for play in self.rules.plays if play.name == name), [])

    def count_cart(self, play: Play, at_ms: int) -> None:
        cells, value = self.owner.cells, self.owner.cart_value()
        cells.add("play_carts", 1, week(at_ms), play=play.name)
        if value is not None:
            cells.add("play_cart_value", value[0], week(at_ms), currency=value[1], play=play.name)

    def _go_on(self, play: Play, state: State, at_ms: int) -> None:
        """After a send, or one that the control arm withheld."""
        self.sends_ms.append(at_ms)
        state.last_send_ms = max(at_ms, state.last_send_ms or at_ms)
        state.step += 1
        if state.step == len(play.delays_ms):
            state.phase = "over"
            return
        state.due_ms += play.delays_ms[state.step] - play.delays_ms[state.step - 1]
        state.release_ms = at_ms if at_ms > state.due_ms else None

    # ---- the gates, in their order

    def refusal(self, play: Play, state: State, at_ms: int) -> Optional[str]:
        owner, rules = self.owner, self.rules
        if play.mode != "live":
            return "shadow"
        if rules.not_before_ms is not None and state.due_ms < rules.not_before_ms:
            return "backfill"
        if at_ms > state.due_ms + play.expires_ms:
            return "stale"
        refused = owner.mailing.refusal(rules.consent_require, bool(owner.orders.accounts))
        if refused:
            return refused
        if owner.open_tickets and play.trigger != ("event", "Support Ticket Opened"):
            return "support_issue"
        for condition in play.when:
            why = self.failure(condition)
            if why:
                return why
        if state.step == 0 and play.cool_down_ms and state.last_send_ms is not None and at_ms < state.last_send_ms + play.cool_down_ms:
            return "cool_down"
        for count, window_ms in play.caps:
            if sum(sent_ms > at_ms - window_ms for sent_ms in self.sends_ms) >= count:
                return "cap"
        return self.priority(play, at_ms) or self.margin(play)

    def failure(self, condition: dict) -> Optional[str]:
        name, owner = condition["field"], self.owner
        if "in" in condition:
            return None if self.is_among(name, condition["in"]) else "condition"
        if name == "orders":
            value = sum(account.orders for account in owner.orders.accounts.values())
        elif name == "p_alive":
            value = owner.p_alive()
        else:
            amount = owner.cart_value() if name == "cart.value" else owner.net()
            table = condition.get("ge", condition.get("lt"))
            if amount is None or amount[1] not in table:
                return "no_threshold"
            condition = {key: table[amount[1]] for key in condition if key != "field"}
            value = amount[0]
        if value is None:
            return "condition"
        if "ge" in condition:
            return "below_minimum" if value < condition["ge"] else None
        return "above_maximum" if value >= condition["lt"] else None

    def is_among(self, name: str, words: list) -> bool:
        owner = self.owner
        if name == "locale":
            locale = (owner.locale or "").lower()
            return any(word.lower() in (locale, locale.replace("_", "-").split("-")[0]) for word in words)
        known = {"stage": owner.stage, "channel": owner.channel or "unknown", "region": owner.region, "customer_type": owner.customer_type}
        return known[name] in words

    def priority(self, play: Play, at_ms: int) -> Optional[str]:
        window_ms = self.rules.priority_window_ms
        for other in self.rules.plays:
            state = self.states.get(other.name)
            if not window_ms or other.priority <= play.priority or other.mode != "live" or state is None:
                continue
            has_sent = state.last_send_ms is not None and state.last_send_ms > at_ms - window_ms
            wakes_ms = state.wakes_ms()
            if has_sent or (wakes_ms is not None and wakes_ms < at_ms + window_ms):
                return "priority"
        return None

    def margin(self, play: Play) -> Optional[str]:
        """The day's only cost is more than anybody brings: who has a counted order fails, without asking what is expected of them."""
        currency = self.owner.orders.primary_currency()
        if not play.cost or currency is None:
            return None
        return "margin" if currency in play.cost else "no_threshold"

    def quiet_until_ms(self, play: Play, at_ms: int) -> Optional[int]:
        if play.quiet is None:
            return None
        start, end = play.quiet
        local = self.owner.local(at_ms)
        minute = local.hour * 60 + local.minute
        is_quiet = start <= minute < end if start < end else (minute >= start or minute < end)
        if not is_quiet:
            return None
        day = local if minute < end else local + timedelta(days=1)
        until = day.replace(hour=end // 60, minute=end % 60, second=0, microsecond=0)
        return int(until.astimezone(UTC).timestamp() * 1000)

    def unite(self, other: "Plays") -> None:
        """What was decided and sent counts; what the other was about to do is over."""
        self.sends_ms += other.sends_ms
        if other.owner.mailing.email is not None:  # else nobody was mailed
            own, self.decided_carts = self.decided_carts, other.decided_carts
            for place in own:
                self.decide_carts([place])
        for name, theirs in other.states.items():
            own = self.states.setdefault(name, State())
            for moment in ("last_send_ms", "decided_ms"):
                known = [time for time in (getattr(own, moment), getattr(theirs, moment)) if time is not None]
                setattr(own, moment, max(known, default=None))


def zone_of(name: Optional[str]) -> object:
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError, OSError):
        return UTC


def local_time(time_ms: int, zone: object) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, zone)
