"""One customer's open cart and its reminder, the play `cart_recovery` (contracts.md 2 "Cart" and 5).

A cart is reminded of at most once: `decided` is set by the send or by the refusal, and no later change re-arms it, nor does coming back to it
from another cart; the last 16 carts decided about are remembered until an order closes or names them. A record that comes very
late may bring a former cart back, or an older one: nothing is asked that would be due no later than what was decided last. Who may be
mailed is the question of mailing.py; this file only knows when to ask.
"""

from __future__ import annotations

from typing import Optional

from events import Event, Product

MAX_LINES = 20
FOLDED_LINE = "other"
DECIDED_CARTS = 16


class Cart:
    def __init__(self, cart_id: Optional[str]) -> None:
        self.id = cart_id  # None until the first change names it
        self.lines: dict = {}  # product id -> Product, in order of first appearance
        self.stated: Optional[tuple] = None  # (value, currency) of the last contents event that had one
        self.is_whole = False  # an event has told all that is in it
        self.checkout_ids: set = set()
        self.last_change_ms: Optional[int] = None
        self.due_ms: Optional[int] = None
        self.decided = False
        self.send_expires_ms: Optional[int] = None  # set while a send is out and not cancelled

    def has_content(self) -> bool:
        """Nobody is reminded of nothing: without lines it takes a stated value above zero."""
        return bool(self.lines) or (self.stated is not None and self.stated[0] > 0)

    def value(self) -> Optional[tuple]:
        """(minor units, currency), or None when the lines do not tell and nothing was stated."""
        currencies = {line.currency for line in self.lines.values()}
        if len(currencies - {None}) > 1:
            return None
        if self.lines and None not in currencies:
            return sum(line.price_minor * line.quantity for line in self.lines.values()), currencies.pop()
        return self.stated

    def add(self, product: Product) -> bool:
        if product.quantity == 0:
            return False
        line = self.lines.get(product.id)
        if line is None and len(self.lines) >= MAX_LINES:
            self._fold(product)
            return True
        if line is None:
            self.lines[product.id] = Product(product.id, product.quantity, product.price_minor, product.currency)
            return True
        line.quantity += product.quantity
        if product.price_minor is not None and line.id != FOLDED_LINE:
            line.price_minor, line.currency = product.price_minor, product.currency
        return True

    def _fold(self, product: Product) -> None:
        folded_id = FOLDED_LINE if FOLDED_LINE in self.lines else list(self.lines)[-1]
        quantity = self.lines.pop(folded_id).quantity + product.quantity
        self.lines[FOLDED_LINE] = Product(FOLDED_LINE, quantity, None, None)

    def remove(self, product: Product) -> bool:
        line = self.lines.get(product.id)
        if line is None or product.quantity == 0:
            return False
        line.quantity = max(0, line.quantity - product.quantity)
        if line.quantity == 0:
            del self.lines[product.id]
        return True

    def replace(self, products: list) -> bool:
        fresh = Cart(self.id)
        for product in products:
            fresh.add(product)
        self.is_whole = True
        if fresh.lines == self.lines:
            return False
        self.lines = fresh.lines
        return True

    def continues(self, before: "Cart") -> bool:
        """Whether this holds what was done to that cart since."""
        return self.id is None or self.id.startswith("auto-") or self.id == before.id

    def prepend(self, before: "Cart", keeps_name: bool) -> None:
        self.id, since = self.id if keeps_name else before.id, self.lines
        if not self.is_whole:
            self.lines = before.lines
            for line in since.values():
                self.add(line)
            self.stated = self.stated or before.stated
            self.is_whole = before.is_whole
        self.checkout_ids = self.checkout_ids or before.checkout_ids
        if before.last_change_ms is not None:
            self.last_change_ms = max(before.last_change_ms, changed_ms(self))

    def matches(self, event: Event) -> bool:
        properties = event.properties
        if self.id is not None and properties.get("cart_id") == self.id:
            return True
        return bool(self.checkout_ids & {properties.get("checkout_id"), properties.get("order_id")})


class Carts:
    """The open cart, if any, and what happens to it. Says so when a send that is out is to be cancelled."""

    def __init__(self, delay_ms: int) -> None:
        self.delay_ms = delay_ms
        self.open: Optional[Cart] = None
        self.decided_due_ms: Optional[int] = None  # of the last decision, over all carts
        self.has_changed = False  # by the last event
        self.decided_ids: list = []

    def apply(self, event: Event) -> Optional[str]:
        """Applies a cart event that is not older than the last order. Returns `cart_emptied` if that cancels a send that is out."""
        cart_id = event.properties.get("cart_id")
        cart = self.open
        is_replacement = cart is not None and cart_id is not None and cart_id != cart.id
        if cart is None or is_replacement:
            cart = Cart(cart_id)
            cart.decided = cart_id in self.decided_ids
        had_lines = bool(cart.lines)
        changed = self.has_changed = self._change(cart, event) or is_replacement
        if event.name == "Checkout Started":
            ids = {event.properties.get("checkout_id"), event.properties.get("order_id")}
            cart.checkout_ids = (ids - {None}) or cart.checkout_ids
        is_emptied = had_lines and not cart.lines
        if is_emptied or event.products == []:
            cart.stated = None  # it told of what was in there
        if changed:
            self._note_change(cart, event.time_ms)
        is_known = event.products is not None or cart is self.open
        if event.name == "Cart Abandoned" and is_known and self._may_ask(cart, event.time_ms):
            cart.due_ms = event.time_ms
        if changed or cart_id is not None:
            self.open = cart
        if is_emptied:
            return self._cancel(cart, event.time_ms, "cart_emptied")
        return None

    def decide(self, cart: Cart, due_ms: int) -> None:
        cart.decided, cart.due_ms = True, None
        self.decided_due_ms = due_ms
        self.decided_ids = ([known for known in self.decided_ids if known != cart.id] + [cart.id])[-DECIDED_CARTS:]

    def _change(self, cart: Cart, event: Event) -> bool:
        if event.name == "Product Added":
            return cart.add(event.products[0])
        if event.name == "Product Removed":
            return cart.remove(event.products[0])
        if event.amount_minor is not None:
            cart.stated = (event.amount_minor, event.currency)
        return event.products is not None and cart.replace(event.products)

    def _note_change(self, cart: Cart, time_ms: int) -> None:
        if cart.id is None:
            cart.id = f"auto-{time_ms}"
        cart.last_change_ms = max(time_ms, cart.last_change_ms or time_ms)
        due_ms = cart.last_change_ms + self.delay_ms
        cart.due_ms = due_ms if self._may_ask(cart, due_ms) else None

    def _may_ask(self, cart: Cart, due_ms: int) -> bool:
        is_new = self.decided_due_ms is None or due_ms > self.decided_due_ms
        return cart.has_content() and not cart.decided and is_new

    def order(self, event: Event) -> Optional[str]:
        """Returns `order` if the order closes the cart and that cancels a send that is out."""
        self.decided_ids = [known for known in self.decided_ids if known != event.properties.get("cart_id")]
        cart = self.open
        if cart is None:
            return None
        is_later = cart.last_change_ms is None or event.time_ms >= cart.last_change_ms
        if not is_later and not cart.matches(event):
            return None
        self.open = None
        self.decided_ids = [known for known in self.decided_ids if known != cart.id]
        return self._cancel(cart, event.time_ms, "order")

    def erase(self, time_ms: int) -> Optional[str]:
        """Returns `erased` if a send is out that must be taken back."""
        return None if self.open is None else self._cancel(self.open, time_ms, "erased")

    def withdraw(self, reason: str, time_ms: int) -> Optional[str]:
        """Returns the reason if a send is out that must be taken back. What was decided about the cart stays decided."""
        return None if self.open is None else self._cancel(self.open, time_ms, reason)

    @staticmethod
    def _cancel(cart: Cart, time_ms: int, reason: str) -> Optional[str]:
        if cart.send_expires_ms is None or cart.send_expires_ms <= time_ms:
            return None
        cart.send_expires_ms = None
        return reason

    def deadline_ms(self) -> Optional[int]:
        return self.open.due_ms if self.open is not None else None

def changed_ms(cart: Cart) -> int:
    """A cart that was only looked at has never changed."""
    return -1 if cart.last_change_ms is None else cart.last_change_ms
