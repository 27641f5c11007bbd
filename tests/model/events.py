"""Decides what a record is: an event of a customer, or a dead letter (contracts.md 1, design.md 3.1).

`decode` returns an Event or raises Rejected. An event name that the contract does not know is an event of kind `other`: it makes the
customer known and teaches traits, nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional

from money import DIGITS, minor_units
from records import Record, parse_time_ms

EARLIEST_MS = parse_time_ms("1990-01-01T00:00:00Z")
LATEST_MS = parse_time_ms("2100-01-01T00:00:00Z")
MAX_SKEW_MS = 5 * 60_000

CART_EVENTS = {
    "Product Added",
    "Product Removed",
    "Cart Viewed",
    "Cart Updated",
    "Checkout Started",
    "Cart Abandoned",
}
# names that have a meaning; of others it counts only that the customer was there
KNOWN_NAMES = {
    "Email Delivered", "Email Opened", "Email Link Clicked", "Email Bounced", "Email Marked as Spam", "Unsubscribed", "Subscribed",
    "Consent Changed", "identify", "alias", "Order Completed", "Order Refunded", "Order Cancelled", "Cost Recorded", "Signed Up",
    "Product Viewed", "Product List Viewed", "Products Compared", "Checkout Step Viewed", "Checkout Step Completed", "Payment Info Entered",
    "Coupon Applied", "Order Shipped", "Order Delivered", "Review Submitted", "Survey Answered", "Support Ticket Opened",
    "Support Ticket Resolved", "Call Logged", "Loyalty Enrolled", "Points Earned", "Points Redeemed", "Reward Redeemed",
    "Subscription Started", "Subscription Payment", "Subscription Cancelled", "Referral Sent", "Referral Converted", "Products Searched",
    "Product List Filtered", "Promotion Viewed", "Promotion Clicked", "Product Clicked", "Order Updated", "Coupon Entered", "Coupon Denied",
    "Coupon Removed", "Product Added to Wishlist", "Product Removed from Wishlist", "Product Shared", "Cart Shared",
} | CART_EVENTS
# names that Segment has beside the one we go by
SYNONYMS = {"Wishlist Product Added to Cart": "Product Added", "Product Reviewed": "Review Submitted"}
# what a thing costs or is paid for, by the name of the field
PRICED = {
    "Cost Recorded": "amount",
    "Support Ticket Opened": "cost",
    "Support Ticket Resolved": "cost",
    "Call Logged": "cost",
    "Subscription Started": "amount",
    "Subscription Payment": "amount",
    "Reward Redeemed": "value",
}
CONSENT_WORDS = {"subscribed": "subscribed", "unsubscribed": "unsubscribed", "pending": "pending"}


class Rejected(Exception):
    """The record goes to the dead-letter topic; the text is for people only, the contract names no reasons."""


@dataclass
class Product:
    id: str
    quantity: int
    price_minor: Optional[int]
    currency: Optional[str]


@dataclass
class Event:
    customer: str
    is_anonymous: bool  # keyed by anonymousId
    time_ms: int  # clamped
    name: str  # Segment's event name, of synonyms the one we go by; `identify` for identify calls
    message_id: Optional[str]
    email: Optional[str] = None
    trait_consent: Optional[str] = None
    properties: dict = field(default_factory=dict)
    # Filled for the kinds that have them:
    currency: Optional[str] = None
    amount_minor: Optional[int] = None  # total of an order or refund, stated value of a cart
    products: Optional[list] = None
    is_of_nobody: bool = False  # a cost that names no customer
    former_id: Optional[str] = None  # another id of the same person
    traits: dict = field(default_factory=dict)
    campaign: dict = field(default_factory=dict)
    sent_name: str = ""


def optional(mapping: dict, name: str, kind: type) -> Any:
    """Null counts as absent; another type than expected is a reason to refuse the record."""
    value = mapping.get(name)
    if value is not None and not isinstance(value, kind):
        raise Rejected(f"{name} is not a {kind.__name__}")
    return value


def required(mapping: dict, name: str) -> str:
    value = optional(mapping, name, str)
    if not value:
        raise Rejected(f"{name} is missing")
    return value


def decode(record: Record) -> Event:
    if not isinstance(record.value, dict):
        raise Rejected("not a JSON object")
    body = record.value
    if not record.key:
        raise Rejected("no key")
    user_id, anonymous_id = optional(body, "userId", str), optional(body, "anonymousId", str)
    if record.key not in (user_id, anonymous_id):
        raise Rejected("the key is not the customer")
    kind = required(body, "type")
    name = required(body, "event") if kind == "track" else kind
    is_anonymous = record.key != user_id
    meaning = SYNONYMS.get(name, name)
    event = Event(record.key, is_anonymous, event_time_ms(body, record), meaning, optional(body, "messageId", str), sent_name=name)
    learn_traits(event, kind, body)
    event.former_id = former_id(event, body)
    event.is_of_nobody = name == "Cost Recorded" and user_id is None
    event.properties = optional(body, "properties", dict) or {}
    read_properties(event)
    return event


def event_time_ms(body: dict, record: Record) -> int:
    stated = optional(body, "timestamp", str)
    if stated is None:
        if record.timestamp_ms is None:
            raise Rejected("no time at all")
        time_ms = record.timestamp_ms
    else:
        try:
            time_ms = parse_time_ms(stated)
        except ValueError as why:
            raise Rejected(str(why)) from why
    if not EARLIEST_MS <= time_ms < LATEST_MS:
        raise Rejected("time out of range")
    if record.timestamp_ms is None:
        return time_ms
    return min(time_ms, record.timestamp_ms + MAX_SKEW_MS)


def learn_traits(event: Event, kind: str, body: dict) -> None:
    context = optional(body, "context", dict) or {}
    traits = optional(context, "traits", dict) or {}
    if kind == "identify":
        traits = {**traits, **(optional(body, "traits", dict) or {})}
        event.trait_consent = consent_word(traits.get("email_marketing_consent"))
    event.email = optional(traits, "email", str) or None
    event.traits, event.campaign = traits, optional(context, "campaign", dict) or {}


def former_id(event: Event, body: dict) -> Optional[str]:
    """Only who has a userId can take another id in."""
    field_of = {"alias": "previousId", "identify": "anonymousId"}
    former = body.get(field_of.get(event.name, ""))
    return former if former and former != event.customer and not event.is_anonymous else None


def consent_word(trait: Any) -> Optional[str]:
    """The shapes seen in the wild: true/false, a word, or an object that has the word as `state` or `status`."""
    if isinstance(trait, bool):
        return "subscribed" if trait else "unsubscribed"
    if isinstance(trait, dict):
        trait = trait.get("state", trait.get("status"))
    return CONSENT_WORDS.get(trait.lower()) if isinstance(trait, str) else None


def read_properties(event: Event) -> None:
    properties = event.properties
    if event.name == "Order Completed":
        required(properties, "order_id")
        event.currency = currency_of(properties)
        if event.currency is None or properties.get("total") is None:
            raise Rejected("an order without total or currency")
        event.amount_minor = amount(properties["total"], event.currency)
    elif event.name in ("Order Refunded", "Order Cancelled"):
        required(properties, "order_id")
        optional(properties, "refund_id", str)
        read_refund(event)
    elif event.name in CART_EVENTS:
        read_cart(event)
    elif event.name in PRICED:
        event.currency = currency_of(properties)
        written = properties.get(PRICED[event.name])
        event.amount_minor = None if written is None else amount(written, event.currency)
    elif event.name == "Consent Changed":
        if required(properties, "status") not in CONSENT_WORDS:
            raise Rejected("unknown consent status")
    elif event.name == "Email Bounced":
        optional(properties, "bounce_type", str)


def read_refund(event: Event) -> None:
    if event.name == "Order Cancelled":
        return
    event.currency = currency_of(event.properties)
    total = event.properties.get("total")
    if total is None:
        return
    if event.currency is None:
        raise Rejected("a refund with a total and no currency")
    event.amount_minor = amount(total, event.currency)


def read_cart(event: Event) -> None:
    properties = event.properties
    event.currency = currency_of(properties)
    for name in ("cart_id", "checkout_id", "order_id"):
        optional(properties, name, str)
    if event.name in ("Product Added", "Product Removed"):
        event.products = [product_of(properties, event.currency)]
        return
    products = optional(properties, "products", list)
    if products is not None:
        event.products = [product_of(entry, event.currency) for entry in products]
    if properties.get("value") is not None and event.currency is not None:
        event.amount_minor = amount(properties["value"], event.currency)


def product_of(entry: Any, currency: Optional[str]) -> Product:
    if not isinstance(entry, dict):
        raise Rejected("a product is not an object")
    quantity = entry.get("quantity", 1)
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 0:
        raise Rejected("quantity is not a whole number")
    price = entry.get("price")
    if price is None or currency is None:
        return Product(required(entry, "product_id"), quantity, None, None)
    return Product(required(entry, "product_id"), quantity, amount(price, currency), currency)


def currency_of(properties: dict) -> Optional[str]:
    code = optional(properties, "currency", str)
    if code is not None and code not in DIGITS:
        raise Rejected(f"unknown currency {code}")
    return code


def amount(number: Any, currency: str) -> int:
    try:
        return minor_units(number, currency)
    except ValueError as why:
        raise Rejected(str(why)) from why
