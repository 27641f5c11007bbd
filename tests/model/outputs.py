"""Reads the produced topics and brings their records into the form in which the model states what it expects.

Only fields that contracts.md names are read. A field that is missing or not in its stated shape becomes a value that equals nothing, so
it shows up as a difference rather than as a stack trace.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any, Optional

from records import comparable_raw, parse_json, parse_time_ms

MAX_SHOWN = 40
TOPICS = ["transitions", "clv", "actions", "dlq"]


class Found:
    def __init__(self) -> None:
        self.transitions: dict = {}
        self.clv: dict = {}
        self.actions: dict = {}
        self.dead_letters: Counter = Counter()


def read_outputs(folder: str, prefix: str) -> Found:
    found = Found()
    shapes = {"transitions": transition, "clv": clv, "actions": action}
    for topic in TOPICS:
        for value in read_topic(folder, prefix, topic):
            if topic == "dlq":
                raw = value.get("value")
                found.dead_letters[(value.get("key"), comparable_raw(raw) if isinstance(raw, str) else repr(raw))] += 1
            elif topic != "transitions" or value.get("track", "lifecycle") == "lifecycle":
                customer = value.get("key", value.get("customer_id"))
                getattr(found, topic).setdefault(customer, []).append(shapes[topic](value))
    return found


def read_topic(folder: str, prefix: str, topic: str) -> list:
    """A topic nobody wrote to has no file."""
    for name in (f"{prefix}{topic}.jsonl", f"{topic}.jsonl"):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with open(path, encoding="utf-8") as lines:
                return [parse_json(line) for line in lines if line.strip()]
    return []


def time_ms(value: Any) -> Any:
    try:
        return parse_time_ms(value)
    except (ValueError, TypeError):
        return f"no time: {value!r}"


def minor(value: Any) -> Any:
    """Minor units of a money object."""
    return value.get("minor") if isinstance(value, dict) else f"no money: {value!r}"


def transition(value: dict) -> dict:
    record = {name: value.get(name, "missing") for name in ("from", "to", "reason", "cycle")}
    return {**record, "event_time": time_ms(value.get("event_time"))}


def clv(value: dict) -> dict:
    if "value" in value and value["value"] is None:
        return {"tombstone": True}
    historic = {
        entry.get("currency"): (entry.get("orders"), minor(entry.get("gross")), minor(entry.get("net_of_refunds")))
        for entry in value.get("historic") or []
    }
    return {
        "event_time": time_ms(value.get("event_time")),
        "historic": historic,
        "primary_currency": value.get("primary_currency"),
        "x": (value.get("inputs") or {}).get("x"),
        "p_alive": value.get("p_alive"),
    }


def action(value: dict) -> dict:
    cart = value.get("cart") or {}
    return {
        "kind": value.get("kind"),
        "play": value.get("play"),
        "reason": value.get("reason"),
        "event_time": time_ms(value.get("event_time")),
        "due_at": time_ms(value.get("due_at")),
        "expires_at": time_ms(value.get("expires_at")),
        "email": value.get("email"),
        "cart_id": cart.get("id"),
        "cart_value": cart_value(cart),
    }


def cart_value(cart: dict) -> Optional[dict]:
    """`cart.value` is money, or bare minor units beside `cart.currency`."""
    value = cart.get("value")
    if isinstance(value, dict):
        return {"minor": value.get("minor"), "currency": value.get("currency", cart.get("currency"))}
    return None if value is None else {"minor": value, "currency": cart.get("currency")}


def verdict(differences: list) -> int:
    """Says whether the two agree; the exit code."""
    for text in differences[:MAX_SHOWN]:
        print(text)
    if differences:
        print(f"{len(differences)} differences ({min(len(differences), MAX_SHOWN)} shown)")
        return 1
    print("model and outputs agree")
    return 0
