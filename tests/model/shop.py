"""All customers of a day: slots with their time, the relay between them, and what the outputs must add up to.

The day was read in parts: each part's records lay in Kafka before they were read, and what customers mean for each other was through before
the next part came. So the relay is emptied at the end of each part; those it is about are quiet until then (`src/cli/shop/day`).
"""

from __future__ import annotations

from collections import Counter, deque
from itertools import chain, groupby
from typing import Iterator, Optional

from cells import Cells, month
from customer import Expected
from deadlines import Deadlines
from events import Event
from plays import Arms, Variants
from records import Record, parse_time_ms, slot_of
from rules import Rules
from shopper import Shopper
from slots import merge
from union import unite

PAID_IDS = 512
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class World:
    def __init__(self, rules: Rules, arms: Arms, variants: Variants, falls: dict, slots: int) -> None:
        self.rules, self.arms, self.variants, self.falls, self.cells = rules, arms, variants, falls, Cells()
        self.actions: Counter = Counter()  # (customer, play, kind, reason)
        self.transitions: Counter = Counter()  # (customer, track, from, to)
        self.clv_records: Counter = Counter()  # by customer, tombstones included
        self.dead_letters: Counter = Counter()
        self.counts: Counter = Counter()
        self.play_names = {play.name for play in rules.plays}
        self.has_birthdays = any(play.trigger == ("date", "birthday") for play in rules.plays)
        self.slots = [Slot(self) for _ in range(slots)]
        self.relay: deque = deque()

    def slot_of(self, customer: str) -> "Slot":
        return self.slots[slot_of(customer, len(self.slots))]

    def send(self, receiver: str, kind: str, sender: str, time_ms: int, told: object = None) -> None:
        self.counts[f"relay {kind}"] += 1
        self.relay.append((receiver, kind, sender, time_ms, told))

    def count_cost(self, event: Event, channel: Optional[str]) -> None:
        told = event.properties
        dims = {name: told[name] for name in ("customer_type", "product_type", "region") if told.get(name)}
        start = told.get("from")
        start_ms = event.time_ms if start is None else parse_time_ms(start if "T" in start else f"{start}T12:00:00Z")
        dims.update(channel=told.get("channel") or channel, currency=event.currency, kind=told["kind"])
        self.cells.add("cost", event.amount_minor, month(start_ms), **dims)

    def live(self, records: Iterator[Record], cut_hours: list) -> None:
        """Reads the day, records in the order in which they were sent, in the parts that end at these hours."""
        first = next(records)
        midnight_ms = first.timestamp_ms // DAY_MS * DAY_MS

        def hours_past(record: Record) -> int:
            return sum(record.timestamp_ms >= midnight_ms + hour * HOUR_MS for hour in cut_hours)

        for _, part in groupby(chain([first], records), hours_past):
            refused = Expected()
            for slot, event in merge(part, len(self.slots), refused):
                self.slots[slot].apply(event)
                self.counts["events"] += 1
            self.dead_letters["decode"] += sum(refused.dead_letters.values())
            while self.relay:
                receiver, *word = self.relay.popleft()
                self.slot_of(receiver).receive(receiver, *word)
            for slot in self.slots:
                slot.run_to(slot.time_ms)


class Slot:
    def __init__(self, world: World) -> None:
        self.world = world
        self.time_ms = 0
        self.customers: dict = {}
        self.moved: dict = {}  # id -> who it is now
        self.erased: dict = {}
        self.paid: deque = deque(maxlen=PAID_IDS)
        self.deadlines = Deadlines()

    def apply(self, event: Event) -> None:
        self.run_to(max(self.time_ms, event.time_ms))
        self.take(event)

    def take(self, event: Event) -> None:
        """Without moving the slot's time: also what was sent on."""
        if event.is_of_nobody:
            self._pay(event)
        elif event.time_ms <= self.erased.get(event.customer, event.time_ms - 1):
            self.world.counts["event of an erased customer"] += 1
        elif event.name == "Customer Erased":
            self._erase(event)
        elif event.customer in self.moved:
            self.world.send(self.moved[event.customer], "forward", event.customer, event.time_ms, event)
        else:
            customer = self._customer(event.customer)
            customer.apply(event)
            self.deadlines.put(customer)

    def _customer(self, name: str) -> Shopper:
        if name not in self.customers:
            self.customers[name] = Shopper(name, self.world)
        return self.customers[name]

    def _pay(self, event: Event) -> None:
        told = [("message", event.message_id), ("cost", event.properties.get("cost_id"))]
        ids = [known for known in told if known[1] is not None]
        if not any(known in self.paid for known in ids):
            self.paid.extend(ids)
            self.world.count_cost(event, None)

    def _erase(self, event: Event) -> None:
        customer = self.customers.pop(event.customer, None)
        if customer is not None:
            customer.plays.end_all("erased", event.time_ms)
            customer.leave()
        self.world.clv_records[event.customer] += 1
        self.erased[event.customer] = event.time_ms

    def receive(self, receiver: str, kind: str, sender: str, time_ms: int, told: object) -> None:
        if kind == "forward":
            told.customer = receiver
            self.take(told)
            return
        if kind == "merge_request":
            self._give(receiver, sender, time_ms)
            return
        customer = self._customer(receiver)
        if kind == "referred":
            customer.take_referral(sender, time_ms, *told)
        elif kind == "merge_refused":
            customer.aliases[sender][0] = True
        elif not customer.aliases[sender][0]:
            customer.aliases[sender][0] = True
            if told is not None:
                unite(customer, told, customer.aliases[sender][1], time_ms)
        self.deadlines.put(customer)

    def _give(self, name: str, asker: str, time_ms: int) -> None:
        world, customer = self.world, self.customers.get(name)
        if name in self.moved or (customer is not None and customer.is_known):
            world.dead_letters["merge_refused"] += 1
            world.send(asker, "merge_refused", name, time_ms)
            return
        self.moved[name] = asker
        if customer is not None:
            customer.now_ms = max(customer.now_ms, time_ms)
            customer.plays.end_all("merged", time_ms)
            customer.leave()
            if customer.is_lead():
                customer.cells.add("leads", -1, channel=customer.channel)
            world.transitions[(name, "lifecycle", customer.stage, "merged")] += 1
            if customer.orders.primary_currency() is not None or customer.has_subscribed:
                world.clv_records[name] += 1
            del self.customers[name]
        world.send(asker, "merge_row", name, time_ms, customer)

    def run_to(self, time_ms: int) -> None:
        self.time_ms = time_ms
        for customer in self.deadlines.due(time_ms, self.customers):
            customer.fire()
            self.deadlines.put(customer)
