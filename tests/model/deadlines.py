"""Whose deadline comes next: in order of (moment, customer id), each looked at again when its moment has come."""

from __future__ import annotations

import heapq
from typing import Iterator


class Deadlines:
    def __init__(self) -> None:
        self.queue: list = []

    def put(self, customer) -> None:
        """As the customer is now; what was put before and holds no longer is passed over."""
        due_ms = customer.deadline_ms()
        if due_ms is not None:
            heapq.heappush(self.queue, (due_ms, customer.name.encode(), customer.name))

    def due(self, time_ms: int, customers: dict) -> Iterator:
        """Those whose deadline is no later, one at a time: each is to be fired, and put again, before the next is asked for."""
        while self.queue and self.queue[0][0] <= time_ms:
            due_ms, _, name = heapq.heappop(self.queue)
            customer = customers.get(name)
            if customer is not None and customer.deadline_ms() == due_ms:
                yield customer
