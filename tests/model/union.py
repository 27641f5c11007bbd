"""Two customers become one: all that is held of the other is this one's, as if it had happened here (README, "One person, several ids").

What each part is when it is united says that part (`orders.py`, `mailing.py`, `plays.py`, `campaigns.py`); here is what follows for stage,
cells and cart.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Optional

import attempts
from carts import Cart, changed_ms
from cells import month
from customer import REMEMBERED_IDS
from orders import Orders
from points import Points

if TYPE_CHECKING:
    from shopper import Shopper


def unite(customer: "Shopper", other: "Shopper", was_new: bool, time_ms: int) -> None:
    """All that is held of the other is this customer's, as if it had happened here (README, "One person, several ids")."""
    has_orders = bool(other.orders.accounts or other.orders.held)
    has_value = has_orders or other.has_cost or other.points is not None or other.has_subscribed
    was_withdrawn = customer.mailing.withdrawn() is not None
    unite_person(customer, other, was_new, time_ms)
    withdrawn = customer.mailing.withdrawn()
    if withdrawn and not was_withdrawn:
        customer.plays.on_withdrawal(withdrawn, time_ms)
    if has_orders:
        unite_orders(customer, other, time_ms)
    customer.plays.unite(other.plays)
    customer.campaigns.unite(other.campaigns, bool(customer.orders.accounts))
    customer.open_tickets = {ticket for ticket in customer.open_tickets | other.open_tickets if ticket not in customer.ids}
    customer.parcel = customer.parcel.newer(other.parcel)
    customer.salesperson = customer.salesperson or other.salesperson
    customer.learn_source(other.source)
    customer.subscriptions |= other.subscriptions
    customer.has_subscribed |= other.has_subscribed
    customer.has_cost |= other.has_cost
    if other.points is not None:
        unite_points(customer, other.points)
    customer.lifecycle.product_views += other.lifecycle.product_views
    customer.lifecycle.has_compared |= other.lifecycle.has_compared
    if other.lifecycle.signed_up_ms is not None:
        customer.lifecycle.note_sign_up(other.lifecycle.signed_up_ms)
    if other.attempt is not None:
        customer.attempt = customer.attempt or attempts.Attempt(0, -1)
        customer.attempt.unite(other.attempt)
    if customer.attempt and customer.orders.latest_ms is not None and customer.orders.latest_ms >= customer.attempt.latest_ms:
        customer.attempt = None
    unite_cart(customer, other.cart, time_ms)
    customer.restage("merged", time_ms)
    if has_value:
        customer.settle_tier(time_ms, other.tier)
        customer.score()


def unite_person(customer: "Shopper", other: "Shopper", was_new: bool, time_ms: int) -> None:
    customer.move_to(other.now_ms)
    customer.last_event_ms = max(customer.last_event_ms, other.last_event_ms)
    customer.is_identified |= other.is_identified
    theirs = [known for known in other.ids if known not in customer.ids]
    customer.ids = deque(theirs + list(customer.ids), maxlen=REMEMBERED_IDS)
    customer.mailing.unite(other.mailing, time_ms)
    if other.channel and (was_new or customer.channel is None):
        former, customer.channel = customer.channel, other.channel
        customer.rename_channel(former)
        if customer.contribution:
            customer.contribution["channel"] = customer.channel
    for field in ("locale", "zone_name", "region", "customer_type", "birthday"):
        setattr(customer, field, getattr(customer, field) or getattr(other, field))


def unite_orders(customer: "Shopper", other: "Shopper", time_ms: int) -> None:
    own_ms, other_ms = customer.orders.first_ms(), other.orders.first_ms()
    both = own_ms is not None and other_ms is not None
    if both:
        count_buyers(customer, customer.orders, -1)
        count_buyers(customer, other.orders, -1)
        channel, at_ms = (other.channel, other_ms) if own_ms <= other_ms else (customer.channel, own_ms)
        customer.cells.add("customers_acquired", -1, month(at_ms), channel=channel)
    customer.orders.unite(other.orders)
    if both:
        count_buyers(customer, customer.orders, 1)
    customer.plays.on_order(time_ms)


def count_buyers(customer: "Shopper", orders: Orders, delta: int) -> None:
    first = orders.day_times_ms()[:1]
    for bought in {month(order.time_ms) for order in orders.kept} if first else ():
        customer.cells.add("cohort_buyers", delta, bought, cohort=month(first[0]))


def unite_points(customer: "Shopper", points: Points) -> None:
    customer.enrol()
    before = customer.points.total()
    customer.points.lasting += points.lasting
    for moment, left in points.expiring.items():
        customer.points.earn(left, moment, -1)
    customer.cells.add("points_outstanding", customer.points.total() - before)


def unite_cart(customer: "Shopper", cart: Optional[Cart], time_ms: int) -> None:
    own, ordered_ms = customer.cart, customer.orders.latest_ms
    had_content = own is not None and own.has_content()
    is_taken = cart is not None and (own is None or changed_ms(own) < changed_ms(cart))
    customer.cart, before = (cart, own) if is_taken else (own, cart)
    present = customer.cart
    is_before_open = before is not None and (ordered_ms is None or ordered_ms < changed_ms(before))
    is_continued = present is not None and is_before_open and present.continues(before)
    if is_continued:
        keeps_name = not is_taken and customer.plays.has_decided_about_cart()
        if not keeps_name:
            customer.plays.on_cart_renamed(before.id)
        present.prepend(before, keeps_name)
    if present and ordered_ms is not None and ordered_ms >= changed_ms(present):
        customer.plays.on_cart_closed(time_ms)
        customer.cart = None
    elif present and (is_taken or (present.has_content() and not had_content)):
        is_filled = present.last_change_ms is not None and present.has_content()
        is_emptied = is_continued and had_content and not present.has_content()
        customer.plays.on_cart(is_taken and not is_continued, is_filled, is_emptied, None, time_ms)
    else:
        customer.plays.on_decisions_known()
