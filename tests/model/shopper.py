"""One customer of a day with everything in it: events and deadlines in the order given, and what they add to cells and actions.

Like `customer.py` it is the contract at its most literal; unlike it it knows all plays and all figures, and does not tell single records.
What another customer means for this one comes through the world's relay (`shop.py`).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Optional

import attempts
from campaigns import Campaigns
from carts import Cart, Carts, changed_ms
from cells import month, week
from customer import REMEMBERED_IDS
from events import CART_EVENTS, KNOWN_NAMES, Event
from lifecycle import Lifecycle, model_inputs, p_alive
from mailing import Mailing
from moments import birthday_ms, dues
from orders import Order, Orders, Refund
from parcels import STATES, Parcel
from plays import Plays, local_time, zone_of
from points import Points
from tiers import Tier
from records import parse_time_ms
from rules import channel_of

if TYPE_CHECKING:
    from shop import World

APPLIED, IGNORED, DUPLICATE, REFUSED = "applied", "ignored", "duplicate", "refused"


class Shopper:
    def __init__(self, name: str, world: "World") -> None:
        self.name, self.world, self.cells = name, world, world.cells
        self.now_ms = self.last_event_ms = -1
        self.ids: deque = deque(maxlen=REMEMBERED_IDS)
        self.is_known = self.is_identified = False
        self.mailing, self.orders, self.lifecycle = Mailing(), Orders(), Lifecycle(world.rules.onboarding_ms)
        self.carts, self.cart = Carts(0), None
        self.channel: Optional[str] = None  # of the first touch
        self.locale: Optional[str] = None
        self.zone_name: Optional[str] = None
        self.region: Optional[str] = None
        self.customer_type: Optional[str] = None
        self.birthday: Optional[str] = None
        self.attempt: Optional[attempts.Attempt] = None
        self.campaigns, self.plays = Campaigns(), Plays(self)
        self.points: Optional[Points] = None
        self.tier = Tier(world.rules.tiers)
        self.open_tickets: set = set()
        self.parcel = Parcel()
        self.salesperson: Optional[str] = None
        self.subscriptions: set = set()
        self.has_subscribed = self.has_cost = False
        self.stage_since_ms: Optional[int] = None
        self.source: Optional[tuple] = None  # when it was first told where they have heard of the shop, and the answer
        self.contribution: Optional[dict] = None
        self.aliases: dict = {}  # other ids of the same person -> [is settled, was new]
        self.referees: dict = {}  # who was brought -> number of the last word of them
        self.referrer: Optional[str] = None
        self.words = 0

    # ---- what others ask

    @property
    def stage(self) -> Optional[str]:
        return self.lifecycle.stage

    def local(self, time_ms: int):
        return local_time(time_ms, zone_of(self.zone_name))

    def cart_value(self) -> Optional[tuple]:
        return self.cart.value() if self.cart else None

    def net(self) -> Optional[tuple]:
        currency = self.orders.primary_currency()
        return None if currency is None else (self.orders.historic()[currency][2], currency)

    def p_alive(self) -> Optional[float]:
        inputs = model_inputs(self.orders, self.now_ms)
        return p_alive(*inputs) if inputs else None

    def act(self, kind: str, play: str, reason: str, at_ms: Optional[int] = None) -> None:
        self.world.actions[(self.name, play, kind, reason)] += 1
        if kind != "cancel":
            self.cells.add("play_actions", 1, week(at_ms), kind=kind, play=play, reason=reason)

    # ---- events

    def apply(self, event: Event) -> None:
        if event.message_id is not None:
            if ("message", event.message_id) in self.ids:
                return
            self.ids.append(("message", event.message_id))
        was_new, was_withdrawn = self.stage is None, self.mailing.withdrawn() is not None
        self._learn(event)
        self.order_cause = self.tells_value = False
        self.cart_change: Optional[tuple] = None
        outcome = self._act(event, was_new)
        withdrawn = self.mailing.withdrawn()
        if withdrawn and not was_withdrawn:
            self.plays.on_withdrawal(withdrawn, event.time_ms)
        if outcome == DUPLICATE:
            return
        time_ms = event.time_ms
        if outcome == APPLIED:
            self._attempt(event)
            if event.name == "Order Completed":
                self.plays.on_order(time_ms)
                if event.properties.get("cart_id") is not None:
                    self.plays.on_cart_ordered(event.properties["cart_id"])
        if self.order_cause:
            self.tell_referrer(time_ms)
        self.restage("order" if self.order_cause else "other", time_ms)
        if self.order_cause:
            self.settle_tier(time_ms)
        if self.tells_value or self.order_cause:
            self.score()
        if self.cart_change == "closed":
            self.plays.on_cart_closed(time_ms)
            self.cart = None
        elif self.cart_change:
            self.plays.on_cart(*self.cart_change, time_ms)
        if outcome == APPLIED:
            for name in dict.fromkeys((event.sent_name, event.name)):
                self.plays.on_event(name, time_ms, self._order_of(event))

    @staticmethod
    def _order_of(event: Event) -> Optional[str]:
        return event.properties.get("order_id") if event.name in ("Order Completed", *STATES) else None

    def _learn(self, event: Event) -> None:
        is_newest = event.time_ms >= self.last_event_ms
        self.move_to(event.time_ms)
        self.last_event_ms = max(self.last_event_ms, event.time_ms)
        self.is_known |= not event.is_anonymous
        self.mailing.learn(event)
        for field in ("locale", "region", "customer_type", "birthday"):
            told = event.traits.get(field)
            if told and (is_newest or getattr(self, field) is None):
                setattr(self, field, told)
        zone = event.traits.get("timezone")
        if zone and (is_newest or self.zone_name is None):
            self.zone_name = zone
        if self.channel is None:
            self.channel = channel_of(event.campaign, self.world.rules.channels)
            self.rename_channel(None)

    def _act(self, event: Event, was_new: bool) -> str:
        name, properties, time_ms = event.name, event.properties, event.time_ms
        if name == "Order Completed":
            return self._order(event)
        if name in ("Order Refunded", "Order Cancelled"):
            return self._refund(event)
        if name in CART_EVENTS:
            return self._cart(event)
        if name not in KNOWN_NAMES or (name == "Consent Changed" and properties.get("channel") != "email"):
            return IGNORED
        self.mailing.apply(event)
        if name.startswith("Email "):
            self.campaigns.hear(name, properties.get("campaign_id"), self.world.play_names, time_ms, bool(self.orders.accounts), self.cells)
        self.lifecycle.note_look(name)
        if name == "Signed Up":
            self.lifecycle.note_sign_up(time_ms)
        self.is_identified |= name == "identify"
        if event.former_id is not None:
            self._ask(event, was_new)
        if name == "Cost Recorded":
            return self._cost(event)
        if name == "Survey Answered":
            answer = {word: properties[f"{word}_id"] for word in ("answer", "question", "survey")}
            self.cells.add("survey_answers", 1, month(time_ms), **answer)
            if answer["question"] in self.world.rules.source_questions:
                self.learn_source((time_ms, answer["answer"]))
        elif name in STATES:
            moved = self.parcel.move(name, properties["order_id"], time_ms)
            if moved:
                self.world.transitions[(self.name, "fulfilment", *moved)] += 1
        elif name in ("Support Ticket Opened", "Support Ticket Resolved", "Call Logged"):
            self._serve(event)
        elif name in ("Loyalty Enrolled", "Points Earned", "Points Redeemed", "Reward Redeemed"):
            self._loyalty(event)
        elif name.startswith("Subscription "):
            self._subscribe(event)
        elif name == "Referral Converted":
            return self._convert(event)
        return APPLIED

    def _is_repeated(self, kind: str, told: Optional[str]) -> bool:
        if told is None:
            return False
        if (kind, told) in self.ids:
            return True
        self.ids.append((kind, told))
        return False

    def _order(self, event: Event) -> str:
        time_ms, order_id = event.time_ms, event.properties["order_id"]
        if self.orders.find(order_id) is not None:
            return DUPLICATE
        is_first, latest_ms = not self.orders.accounts, self.orders.latest_ms
        self.orders.complete(Order(order_id, time_ms, event.currency, event.amount_minor))
        self.campaigns.order(event.amount_minor, event.currency, time_ms, is_first, self.cells, self.plays.variants_of)
        if is_first:
            self._acquired(event)
        first = self.orders.day_times_ms()[:1]
        if first and (latest_ms is None or month(latest_ms) < month(time_ms)):
            self.cells.add("cohort_buyers", 1, month(time_ms), cohort=month(first[0]))
        salesperson = event.properties.get("salesperson_id")
        if salesperson:
            self.salesperson = salesperson
            if is_first:
                self.cells.add("customers_closed", 1, month(time_ms), salesperson=salesperson)
        self.lifecycle.note_order(time_ms, is_latest=time_ms == self.orders.latest_ms)
        cart = self.cart
        if cart is not None and (time_ms >= changed_ms(cart) or cart.matches(event)):
            self.cart_change = "closed"
        self.order_cause = True
        return APPLIED

    def _acquired(self, event: Event) -> None:
        products = event.properties.get("products") or []
        category = next((product["category"] for product in products if product.get("category")), None)
        dims = {"customer_type": self.customer_type, "product_type": category, "region": self.region}
        if any(dims.values()):
            self.cells.add("acquisitions", 1, month(event.time_ms), channel=self.channel, **dims)
        self.cells.add("customers_acquired", 1, month(event.time_ms), channel=self.channel)

    def _refund(self, event: Event) -> str:
        if event.name == "Order Refunded" and self._is_repeated("refund", event.properties.get("refund_id")):
            return DUPLICATE
        refund = Refund(event.properties["order_id"], event.amount_minor, event.currency)
        self.order_cause = self.orders.refund(refund)
        order = self.orders.find(refund.order_id)
        if self.order_cause and order and not order.counts:
            self.plays.on_refund(order, event.time_ms)
        return APPLIED

    def _cart(self, event: Event) -> str:
        if self.orders.latest_ms is not None and event.time_ms < self.orders.latest_ms:
            return IGNORED
        carts, before = self.carts, self.cart
        carts.open = before
        cart_id = event.properties.get("cart_id")
        opened = before is None or (cart_id is not None and cart_id != before.id)
        had_lines = bool(before and before.lines) and not opened
        carts.apply(event)
        self.cart = carts.open
        if self.cart is None:
            return APPLIED
        opened = opened and self.cart is not before
        emptied = had_lines and not self.cart.lines
        is_known = event.products is not None or not opened
        abandoned_ms = event.time_ms if event.name == "Cart Abandoned" and is_known else None
        self.cart_change = (opened, carts.has_changed, emptied, abandoned_ms)
        return APPLIED

    def _attempt(self, event: Event) -> None:
        if event.name == "Order Completed":
            if self.attempt and self.attempt.latest_ms <= event.time_ms:
                attempts.count_order(self.attempt, event.time_ms, self.cells)
                self.attempt = None
        elif self.orders.latest_ms is None or self.orders.latest_ms <= event.time_ms:
            self.attempt = attempts.advance(self.attempt, event)

    def _cost(self, event: Event) -> str:
        if self._is_repeated("cost", event.properties.get("cost_id")):
            return DUPLICATE
        self.has_cost = self.tells_value = True
        self.world.count_cost(event, self.channel)
        return APPLIED

    def _charge(self, kind: str, event: Event) -> None:
        if event.amount_minor is not None:
            self.has_cost = self.tells_value = True
            dims = {"channel": self.channel, "currency": event.currency, "kind": kind}
            self.cells.add("cost", event.amount_minor, month(event.time_ms), **dims)

    def _serve(self, event: Event) -> None:
        ticket = ("ticket", event.properties.get("ticket_id"))
        if event.name == "Support Ticket Opened" and ticket not in self.ids:
            self.open_tickets.add(ticket)
        elif event.name == "Support Ticket Resolved":
            self.open_tickets.discard(ticket)
            self._is_repeated(*ticket)
        self._charge("service", event)
        if event.amount_minor is not None:
            salesperson = self.salesperson or event.properties.get("salesperson_id")
            self.cells.add("service_cost", event.amount_minor, month(event.time_ms), currency=event.currency, salesperson=salesperson)

    def _loyalty(self, event: Event) -> None:
        self.enrol()
        before, points = self.points.total(), event.properties.get("points") or 0
        if event.name == "Points Earned":
            expires = event.properties.get("expires_at")
            self.points.earn(points, None if expires is None else parse_time_ms(expires), self.now_ms)
        elif event.name != "Loyalty Enrolled":
            self.points.spend(points)
        self.cells.add("points_outstanding", self.points.total() - before)
        if event.name == "Reward Redeemed":
            self._charge("reward", event)

    def learn_source(self, told: Optional[tuple]) -> None:
        self.source = min((known for known in (self.source, told) if known), default=None)

    def enrol(self) -> None:
        if self.points is None:
            self.points = Points()
            if self.contribution:
                self.contribution["member"] = "yes"

    def _subscribe(self, event: Event) -> None:
        contract = event.properties["subscription_id"]
        if event.name == "Subscription Cancelled":
            self.tells_value = contract in self.subscriptions
            self.subscriptions.discard(contract)
        else:
            self.subscriptions.add(contract)
            self.has_subscribed = self.tells_value = True

    # ---- others

    def _ask(self, event: Event, was_new: bool) -> None:
        if event.former_id not in self.aliases:
            self.aliases[event.former_id] = [False, was_new]
            self.world.send(event.former_id, "merge_request", self.name, event.time_ms)

    def _convert(self, event: Event) -> str:
        referrer = event.properties["referrer_id"]
        if referrer == self.name or referrer in self.aliases or self.referrer is not None or referrer in self.referees:
            self.world.dead_letters["referral_refused"] += 1
            return REFUSED
        self.referrer = referrer
        self.tell_referrer(event.time_ms)
        return APPLIED

    def tell_referrer(self, time_ms: int) -> None:
        if self.referrer is not None:
            self.words += 1
            self.world.send(self.referrer, "referred", self.name, time_ms, (self.words, (self.mailing.email or "").lower()))

    def take_referral(self, referee: str, time_ms: int, word: int, email: str) -> None:
        self.move_to(time_ms)
        self.last_event_ms = max(self.last_event_ms, time_ms)
        if email and email == (self.mailing.email or "").lower():
            self.world.dead_letters["referral_refused"] += 1
            return
        if referee not in self.referees:
            self.referees[referee] = word
            self.lifecycle.has_referred = True
            self.plays.on_event("Referral Credited", time_ms)
        elif self.referees[referee] >= word:
            return
        self.referees[referee] = word
        self.restage("referral", time_ms)
        self.score()

    def leave(self) -> None:
        """The figures over all customers are without this one."""
        self.contribution = None
        if self.stage is not None:
            self.cells.add("customers_in_stage", -1, stage=self.stage)
        if self.points is not None:
            self.cells.add("points_outstanding", -self.points.total())

    # ---- the channel

    def is_lead(self) -> bool:
        return self.stage not in (None, "visitor") and self.stage_since_ms is not None

    def rename_channel(self, former: Optional[str]) -> None:
        """Leads and customers go over to the channel that has become known."""
        if self.channel == former:
            return
        for channel, delta in ((former, -1), (self.channel, 1)):
            if self.is_lead():
                self.cells.add("leads", delta, channel=channel)
            first_ms = self.orders.first_ms()
            if first_ms is not None:
                self.cells.add("customers_acquired", delta, month(first_ms), channel=channel)

    # ---- what follows

    def restage(self, cause: str, time_ms: int) -> None:
        is_lead = self.is_identified or self.mailing.email is not None
        moved = self.lifecycle.move(self.orders, is_lead, self.now_ms, cause)
        if not moved:
            return
        before, after = moved[:2]
        self.world.transitions[(self.name, "lifecycle", before, after)] += 1
        if before is not None and self.stage_since_ms is not None:
            self.cells.add("customers_in_stage", -1, stage=before)
            self.cells.observe("stage_stays", time_ms - self.stage_since_ms, month(time_ms), **{"from": before, "to": after})
        self.cells.add("customers_in_stage", 1, stage=after)
        self.cells.add("stage_entries", 1, month(time_ms), **{"channel": self.channel, "from": before or "none", "to": after})
        self.stage_since_ms = time_ms
        if before in (None, "visitor") and after != "visitor":
            self.cells.add("leads", 1, channel=self.channel)
        self.plays.on_stage(before, after, time_ms)

    def settle_tier(self, time_ms: int, theirs: Optional[Tier] = None) -> None:
        """`theirs`: of who has become one with this customer; a tier that they were in was reached when they reached it."""
        moved = self.tier.settle(self.orders, self.now_ms)
        if moved:
            before, after, is_rise = moved
            self.world.transitions[(self.name, "tier", before, after)] += 1
            self.tier.since_ms = theirs.since_ms if is_rise and theirs and theirs.name == after else time_ms
            if is_rise:
                self.plays.on_tier(after, self.tier.since_ms)

    def score(self) -> None:
        """A clv record is due; what it says of money to come is lifetide's to tell."""
        if not self.orders.accounts and not self.has_subscribed:
            return
        self.world.clv_records[self.name] += 1
        days = self.orders.day_times_ms()
        self.contribution = days and {
            "currency": self.orders.primary_currency(),
            "cohort": month(days[0]),
            "channel": self.channel or "unknown",
            "member": "no" if self.points is None else "yes",
        } or None

    # ---- time

    def deadline_ms(self) -> Optional[int]:
        return min((moment for moment, _ in dues(self) if moment is not None), default=None)

    def fire(self) -> None:
        due_ms = self.deadline_ms()
        happens = next(happens for moment, happens in dues(self) if moment == due_ms)
        self.move_to(due_ms)
        happens(due_ms)

    def move_to(self, time_ms: int) -> None:
        """A birthday on the way begins at its midnight, also where something else is due at that moment."""
        midnight_ms = birthday_ms(self)
        if midnight_ms is not None and midnight_ms <= time_ms:
            self.plays.on_birthday(midnight_ms)
        self.now_ms = max(self.now_ms, time_ms)
