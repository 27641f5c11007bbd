"""The order last heard of on its way (README, "Lifecycle stages": the track `fulfilment`). Orders ship in the order in which they are told."""

from __future__ import annotations

from typing import Optional

STATES = {"Order Shipped": "shipped", "Order Delivered": "delivered"}


class Parcel:
    def __init__(self) -> None:
        self.order_id: Optional[str] = None
        self.state = "placed"
        self.at_ms = -1

    def move(self, event_name: str, order_id: str, time_ms: int) -> Optional[tuple]:
        """(from, to), unless it says nothing new: of this order, or of one that is older."""
        after = STATES[event_name]
        before = self.state if order_id == self.order_id else "placed"
        if before in (after, "delivered") or (order_id != self.order_id and self.at_ms > time_ms):
            return None
        self.order_id, self.state, self.at_ms = order_id, after, time_ms
        return before, after

    def newer(self, other: "Parcel") -> "Parcel":
        return other if other.at_ms > self.at_ms else self
