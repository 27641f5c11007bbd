"""What plays brought: orders after clicks, and orders of everybody a play wanted to mail (README: `play_*`, `lift_*`, `variant_*`, emails)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable

from cells import Cells, week

WINDOW_MS = 5 * 86_400_000
# a customer counts once in so long for a play
ONCE_MS = 7 * 86_400_000
WORDS = {
    "Email Delivered": "delivered",
    "Email Link Clicked": "clicked",
    "Email Bounced": "bounced",
    "Email Marked as Spam": "complained",
}
REMEMBERED = 4


@dataclass
class Exposure:
    play: str
    arm: str
    at_ms: int
    has_ordered: bool = False


@dataclass
class Campaigns:
    clicks: dict = field(default_factory=dict)  # play -> moment of the last click, in the order of the clicks
    exposures: list = field(default_factory=list)
    delivered: int = 0

    def hear(self, name: str, play: str, plays: set, time_ms: int, has_ordered: bool, cells: Cells) -> None:
        word = WORDS.get(name)
        self.delivered += word == "delivered" and not has_ordered
        if word is None or play not in plays:
            return
        cells.add("play_emails", 1, week(time_ms), event=word, play=play)
        if word == "clicked":
            self.clicks[play] = max(time_ms, self.clicks.pop(play, time_ms))
            while len(self.clicks) > REMEMBERED:
                del self.clicks[next(iter(self.clicks))]

    def expose(self, play: str, arm: str, at_ms: int, cells: Cells, variants: list) -> None:
        if any(exposure.play == play and at_ms < exposure.at_ms + ONCE_MS for exposure in self.exposures):
            return
        self.exposures = (self.exposures + [Exposure(play, arm, at_ms)])[-REMEMBERED:]
        cells.add("lift_customers", 1, week(at_ms), arm=arm, play=play)
        for step, template in variants if arm == "treatment" else []:
            cells.add("variant_customers", 1, week(at_ms), play=play, step=step, template=template)

    def order(self, minor: int, currency: str, time_ms: int, is_first: bool, cells: Cells, variants_of: Callable) -> None:
        if is_first and self.delivered:
            emails = "10+" if self.delivered >= 10 else str(self.delivered)
            cells.add("emails_before_first_order", 1, week(time_ms), emails=emails)
        if is_first:
            self.delivered = 0
        self._credit(minor, currency, time_ms, cells)
        for exposure in self.exposures:
            if not exposure.at_ms <= time_ms < exposure.at_ms + WINDOW_MS:
                continue
            window, dims = week(exposure.at_ms), {"arm": exposure.arm, "play": exposure.play}
            for step, template in variants_of(exposure.play) if exposure.arm == "treatment" else []:
                own = {"play": exposure.play, "step": step, "template": template}
                if not exposure.has_ordered:
                    cells.add("variant_converted", 1, window, **own)
                cells.add("variant_revenue", minor, window, currency=currency, **own)
            if not exposure.has_ordered:
                cells.add("lift_converted", 1, window, **dims)
            exposure.has_ordered = True
            cells.add("lift_revenue", minor, window, currency=currency, **dims)

    def _credit(self, minor: int, currency: str, time_ms: int, cells: Cells) -> None:
        clicked = [(at_ms, play) for play, at_ms in self.clicks.items() if at_ms <= time_ms < at_ms + WINDOW_MS]
        if not clicked:
            return
        latest = max(at_ms for at_ms, _ in clicked)
        last = [play for at_ms, play in clicked if at_ms == latest][-1]
        cells.add("play_orders", 1, week(time_ms), model="last_touch", play=last)
        cells.add("play_revenue", minor, week(time_ms), currency=currency, model="last_touch", play=last)
        for place, (_, play) in enumerate(clicked):
            part = minor // len(clicked) + (minor % len(clicked) if place == 0 else 0)
            cells.add("play_revenue", part, week(time_ms), currency=currency, model="linear", play=play)

    def unite(self, other: "Campaigns", has_orders: bool) -> None:
        for play, at_ms in other.clicks.items():
            self.clicks[play] = max(at_ms, self.clicks.get(play, at_ms))
        self.clicks = dict(sorted(self.clicks.items(), key=lambda click: click[1])[-REMEMBERED:])
        self.exposures = sorted(self.exposures + other.exposures, key=lambda exposure: exposure.at_ms)[-REMEMBERED:]
        self.delivered = 0 if has_orders else self.delivered + other.delivered
