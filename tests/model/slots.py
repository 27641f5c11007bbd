"""Time of a slot: merges its input topics, fires deadlines in order, hands events to customers (design.md 5, "Order" and "Deadlines")."""

from __future__ import annotations

from typing import Iterable, Optional

from customer import Customer, Expected, Settings
from deadlines import Deadlines
from events import Event, Rejected, decode
from records import Record, slot_of


class Slot:
    def __init__(self, settings: Settings, expected: Expected) -> None:
        self.settings, self.expected = settings, expected
        self.time_ms: Optional[int] = None
        self.customers: dict = {}
        self.erased: dict = {}  # customer id -> event time of the erasure
        self.deadlines = Deadlines()

    def apply(self, event: Event) -> None:
        self.run_to(event.time_ms if self.time_ms is None else max(self.time_ms, event.time_ms))
        if event.time_ms <= self.erased.get(event.customer, event.time_ms - 1):
            self.expected.counts["event of an erased customer"] += 1
            return
        customer = self.customers.get(event.customer)
        if event.name == "Customer Erased":
            self._erase(event)
            return
        if customer is None:
            customer = self.customers[event.customer] = Customer(event.customer, self.settings, self.expected)
        customer.apply(event)
        self.deadlines.put(customer)

    def _erase(self, event: Event) -> None:
        customer = self.customers.pop(event.customer, None)
        if customer is not None:
            customer.erase(event.time_ms)
        self.expected.clv.setdefault(event.customer, []).append({"tombstone": True})
        self.erased[event.customer] = event.time_ms

    def run_to(self, time_ms: int) -> None:
        self.time_ms = time_ms
        for customer in self.deadlines.due(time_ms, self.customers):
            if customer.fire():
                del self.customers[customer.name]
            else:
                self.deadlines.put(customer)


def merge(records: Iterable[Record], slots: int, expected: Expected) -> list:
    """(slot, event) in the order in which they are applied. Refused records are noted and take no part in time."""
    latest: dict = {}  # (topic, slot) -> merge time of the last record: monotone per partition
    merged = []
    for number, record in enumerate(records):
        slot = slot_of(record.key, slots) if record.key else 0
        try:
            event = decode(record)
        except Rejected as why:
            expected.dead_letters[(record.key, record.raw)] += 1
            expected.counts[f"dead letter: {why}"] += 1
            event = None
        time_ms = merge_time_ms(record, event)
        if time_ms is not None:
            latest[record.topic, slot] = max(time_ms, latest.get((record.topic, slot), time_ms))
        if event is not None:
            merged.append((latest[record.topic, slot], record.topic, number, slot, event))
    merged.sort(key=lambda entry: entry[:3])
    return [(slot, event) for _, _, _, slot, event in merged]


def merge_time_ms(record: Record, event: Optional[Event]) -> Optional[int]:
    times = [record.timestamp_ms, event.time_ms if event is not None else None]
    return min((time for time in times if time is not None), default=None)


def simulate(records: list, slots: int, until_ms: Optional[int], settings: Settings) -> Expected:
    expected = Expected()
    states = [Slot(settings, expected) for _ in range(slots)]
    for slot, event in merge(records, slots, expected):
        states[slot].apply(event)
    for state in states:
        if state.time_ms is not None:
            state.run_to(state.time_ms if until_ms is None else max(state.time_ms, until_ms))
    return expected
