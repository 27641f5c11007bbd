#!/usr/bin/env python3
"""Checks the model itself: published pins, rules of the contract by hand-made cases, and that the comparison sees differences.

    python3 tests/model/selftest.py
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import tempfile
import unittest
from datetime import datetime, timedelta
from typing import Any, Optional

sys.dont_write_bytecode = True  # no __pycache__ among the sources

from customer import Expected, Settings
from lifecycle import p_alive, weeks_until
from mailing import is_valid_address
from records import murmur2, parse_time_ms, read_line, DEFAULT_TOPICS
from slots import simulate

START_MS = parse_time_ms("2026-01-01T00:00:00Z")
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
HERE = os.path.dirname(os.path.abspath(__file__))


def rfc3339(time_ms: int) -> str:
    return (datetime(1970, 1, 1) + timedelta(milliseconds=time_ms)).isoformat(timespec="milliseconds") + "Z"


class Story:
    """Collects replay lines of one customer; times are milliseconds after the start."""

    def __init__(self, customer: str = "u-1") -> None:
        self.customer, self.lines = customer, []

    def track(self, at: int, event: str, topic: str = "shop.carts", sent_at: Optional[int] = None, **properties: Any) -> "Story":
        return self.call(at, topic, sent_at, type="track", event=event, properties=properties)

    def identify(self, at: int, **traits: Any) -> "Story":
        return self.call(at, "shop.emails", None, type="identify", traits=traits)

    def call(self, at: int, topic: str, sent_at: Optional[int], **body: Any) -> "Story":
        event = {"messageId": f"m-{len(self.lines)}", "userId": self.customer, "timestamp": rfc3339(START_MS + at), **body}
        sent_ms = START_MS + (at if sent_at is None else sent_at)
        self.lines.append(json.dumps({"topic": topic, "key": self.customer, "timestamp_ms": sent_ms, "value": event}))
        return self

    def subscriber(self) -> "Story":
        return self.identify(0, email=f"{self.customer}@example.com", email_marketing_consent=True)

    def order(self, at: int, order_id: str, total: Any, sent_at: Optional[int] = None, **more: Any) -> "Story":
        return self.track(at, "Order Completed", "shop.purchases", sent_at, order_id=order_id, total=total, currency="USD", **more)

    def refund(self, at: int, order_id: str, **more: Any) -> "Story":
        return self.track(at, "Order Refunded", "shop.purchases", order_id=order_id, **more)

    def add(self, at: int, product: str = "p-1", **more: Any) -> "Story":
        return self.track(at, "Product Added", product_id=product, price=10.5, quantity=1, currency="USD", **more)

    def run(self, until: Optional[int] = None, consent: str = "opt_in") -> Expected:
        records = [read_line(line, DEFAULT_TOPICS, "story") for line in self.lines]
        return simulate(records, 1, None if until is None else START_MS + until, Settings(consent))

    def actions(self, until: int = 30 * DAY, consent: str = "opt_in") -> list:
        found = self.run(until, consent).actions.get(self.customer, [])
        return [(action["kind"], action["reason"], action["event_time"] - START_MS) for action in found]

    def stages(self, until: Optional[int] = None) -> list:
        return [(move["to"], move["reason"]) for move in self.run(until).transitions[self.customer]]

    def money(self) -> list:
        return [record["historic"].get("USD") for record in self.run().clv.get(self.customer, [])]


class Pins(unittest.TestCase):
    def test_murmur2_is_that_of_kafka(self) -> None:
        pins = {"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536, "abc": 479470107}
        for text, pin in pins.items():
            self.assertEqual(murmur2(text.encode()), pin & 0xFFFFFFFF, text)

    def test_lapse_times_are_the_published_ones(self) -> None:
        self.assertAlmostEqual(weeks_until(0.5, 0, 0), 13.004692404, places=8)
        self.assertAlmostEqual(weeks_until(0.2, 0, 0), 263.123617606, places=8)
        for x, t_x in [(0, 0.0), (3, 20.5), (30, 100.0)]:
            self.assertAlmostEqual(p_alive(x, t_x, weeks_until(0.3, x, t_x)), 0.3, places=12)

    def test_addresses(self) -> None:
        for text in ["a@example.com", "a.b+c@mail.example.com"]:
            self.assertTrue(is_valid_address(text), text)
        for text in ["none", "a@localhost", "a b@example.com", "a@b@example.com", "@example.com", "a@-x.example.com", "a@example.com\n"]:
            self.assertFalse(is_valid_address(text), text)

    def test_times(self) -> None:
        self.assertEqual(parse_time_ms("2026-01-01T02:00:00.1239+02:00"), START_MS + 123)
        for text in ["2026-02-29T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T24:00:00Z"]:
            self.assertRaises(ValueError, parse_time_ms, text)


class Money(unittest.TestCase):
    def test_refunds_are_clamped_and_a_full_one_undoes_the_count(self) -> None:
        story = Story().order(0, "o-1", 57.20).refund(HOUR, "o-1", total=7.20, currency="USD")
        story.refund(2 * HOUR, "o-1", total=99, currency="USD").refund(3 * HOUR, "o-1")
        self.assertEqual(story.money(), [(1, 5720, 5720), (1, 5720, 5000), (0, 5720, 0)])

    def test_a_refund_before_its_order_is_applied_with_it(self) -> None:
        self.assertEqual(Story().refund(0, "o-1", total=10, currency="USD").order(HOUR, "o-1", 30).money(), [(1, 3000, 2000)])

    def test_an_order_counts_once_and_a_refund_in_another_currency_not_at_all(self) -> None:
        story = Story().order(0, "o-1", 30).order(HOUR, "o-1", 30).refund(2 * HOUR, "o-1", total=10, currency="EUR")
        self.assertEqual(story.money(), [(1, 3000, 3000)])

    def test_a_repeated_message_changes_nothing(self) -> None:
        story = Story().subscriber().add(HOUR)
        story.lines.append(story.lines[-1])
        self.assertEqual(story.run().counts["repeated message"], 1)

    def test_a_late_order_is_scored_at_the_drop_off_that_came_before_it(self) -> None:
        story = Story().order(0, "o-1", 10).track(DAY, "Product Viewed", product_id="p-1")
        story.lines += Story("u-2").order(2 * DAY + MINUTE, "o-2", 10).lines
        story.order(2 * DAY - HOUR, "o-3", 10, sent_at=2 * DAY + 2 * MINUTE)
        week = 7 * DAY
        self.assertEqual(story.run().clv["u-1"][1]["p_alive"], p_alive(1, (2 * DAY - HOUR) / week, 2 * DAY / week))

    def test_a_refund_of_a_folded_order_is_money_only(self) -> None:
        story = Story()
        for day in range(17):
            story.order(day * DAY, f"o-{day}", 10)
        story.refund(17 * DAY, "o-0", total=10, currency="USD").refund(17 * DAY + 1, "o-0")
        self.assertEqual(story.money()[16:], [(17, 17000, 17000), (17, 17000, 16000)])


class Erasure(unittest.TestCase):
    def test_late_events_stay_dropped_and_later_ones_begin_anew(self) -> None:
        story = Story().subscriber().order(0, "o-1", 10).add(HOUR).track(3 * HOUR, "Customer Erased", "shop.purchases")
        story.order(2 * HOUR, "o-2", 20, sent_at=4 * HOUR).order(DAY, "o-3", 30)
        found = story.run(2 * DAY)
        self.assertEqual([record.get("tombstone", False) for record in found.clv["u-1"]], [False, True, False])
        self.assertEqual([(action["kind"], action["reason"]) for action in found.actions["u-1"]], [("send", None), ("cancel", "erased")])
        self.assertEqual([(move["from"], move["to"]) for move in found.transitions["u-1"]][-1], (None, "first_time"))
        self.assertEqual(found.counts["event of an erased customer"], 1)


class Stages(unittest.TestCase):
    def test_the_way_up_and_back(self) -> None:
        story = Story().track(0, "Chat Window Opened").identify(HOUR).order(DAY, "o-1", 10).order(DAY + HOUR, "o-2", 10)
        story.order(2 * DAY, "o-3", 10).refund(3 * DAY, "o-3")
        wanted = [("visitor", "first_seen"), ("lead", "identified"), ("first_time", "order"), ("repeat", "order"), ("first_time", "refund")]
        self.assertEqual(story.stages(), wanted)

    def test_looking_at_products_is_considering_until_the_first_order(self) -> None:
        story = Story().track(0, "Product Viewed").track(1, "Product Viewed").track(2, "Product Viewed").order(DAY, "o-1", 10)
        story.track(2 * DAY, "Products Compared")
        self.assertEqual(story.stages(), [("visitor", "first_seen"), ("consideration", "considering"), ("first_time", "order")])

    def test_silence_lapses_and_an_order_brings_back(self) -> None:
        story = Story().order(0, "o-1", 10).order(2000 * DAY, "o-2", 10).order(2000 * DAY + HOUR, "o-3", 10).order(2001 * DAY, "o-4", 10)
        wanted = [("first_time", "order"), ("at_risk", "silence"), ("lapsed", "silence"), ("reactivated", "reactivated"), ("repeat", "order")]
        self.assertEqual(story.stages(), wanted)
        moves = story.run().transitions["u-1"]
        self.assertEqual([move["cycle"] for move in moves], [1, 1, 1, 2, 2])
        self.assertEqual(moves[1]["event_time"] - START_MS, -(-weeks_until(0.5, 0, 0) * 7 * DAY // 1))
        # P(alive) of a single order needs longer than two years to fall below 0.30
        self.assertEqual(moves[2]["event_time"] - START_MS, min(730 * DAY, -(-weeks_until(0.3, 0, 0) * 7 * DAY // 1)))


class Reminders(unittest.TestCase):
    def test_an_idle_cart_is_reminded_of_once(self) -> None:
        self.assertEqual(Story().subscriber().add(HOUR).add(90 * MINUTE).actions(), [("send", None, 150 * MINUTE)])
        self.assertEqual(Story().subscriber().add(HOUR).add(5 * HOUR).actions(), [("send", None, 2 * HOUR)])

    def test_an_order_prevents_or_cancels(self) -> None:
        self.assertEqual(Story().subscriber().add(HOUR).order(HOUR + 1, "o-1", 10).actions(), [])
        self.assertEqual(Story().subscriber().add(HOUR).order(3 * HOUR, "o-1", 10).actions()[1:], [("cancel", "order", 3 * HOUR)])
        self.assertEqual(len(Story().subscriber().add(HOUR).order(26 * HOUR, "o-1", 10).actions()), 1)

    def test_a_withdrawal_cancels(self) -> None:
        mails, sent = "shop.emails", lambda: Story().subscriber().add(HOUR)
        for name, reason in (("Unsubscribed", "unsubscribed"), ("Email Marked as Spam", "complained"), ("Email Bounced", "bounced")):
            story = sent().track(3 * HOUR, name, mails).track(4 * HOUR, name, mails)
            self.assertEqual(story.actions()[1:], [("cancel", reason, 3 * HOUR)])
            self.assertEqual(sent().track(27 * HOUR, name, mails).actions()[1:], [])
        late = Story().subscriber().track(1, "Subscribed", mails).add(HOUR)
        self.assertEqual(late.track(0, "Unsubscribed", mails, sent_at=3 * HOUR).actions()[1:], [])

    def test_emptying_cancels(self) -> None:
        story = Story().subscriber().add(HOUR).track(3 * HOUR, "Product Removed", product_id="p-1", quantity=5)
        self.assertEqual(story.actions()[1:], [("cancel", "cart_emptied", 3 * HOUR)])

    def test_equal_contents_are_no_change(self) -> None:
        story = Story().subscriber().add(HOUR)
        story.track(HOUR + MINUTE, "Cart Viewed", products=[{"product_id": "p-1", "price": 10.50, "quantity": 1}], currency="USD")
        story.track(HOUR + 2 * MINUTE, "Cart Viewed")
        self.assertEqual(story.actions(), [("send", None, 2 * HOUR)])

    def test_a_cart_event_older_than_the_order_is_ignored(self) -> None:
        story = Story().subscriber().order(HOUR, "o-1", 10)
        story.track(HOUR - 1, "Product Added", sent_at=HOUR + 1, product_id="p-1", price=1, quantity=1, currency="USD")
        self.assertEqual(story.actions(), [])

    def test_abandoned_upstream_is_due_at_once(self) -> None:
        self.assertEqual(Story().subscriber().add(HOUR).track(HOUR + MINUTE, "Cart Abandoned").actions(), [("send", None, HOUR + MINUTE)])
        self.assertEqual(Story().subscriber().track(HOUR, "Cart Abandoned", value=5, currency="USD").actions(), [])

    def test_what_comes_very_late_asks_for_nothing_already_decided(self) -> None:
        story = Story().subscriber().add(HOUR, cart_id="c-1").add(3 * HOUR, cart_id="c-2").track(5 * HOUR, "Product Viewed")
        story.add(HOUR, cart_id="c-1", sent_at=5 * HOUR).add(2 * HOUR, cart_id="c-3", sent_at=5 * HOUR)
        self.assertEqual([action[2] for action in story.actions()], [2 * HOUR, 4 * HOUR])

    def test_who_comes_back_to_a_cart_is_not_reminded_of_it_again_until_it_was_ordered(self) -> None:
        story = Story().subscriber().add(0, cart_id="c-1").add(2 * HOUR, cart_id="c-2").add(4 * HOUR, cart_id="c-1").add(6 * HOUR, cart_id="c-2")
        story.order(8 * HOUR, "o-1", 5).add(9 * HOUR, cart_id="c-2").add(11 * HOUR, cart_id="c-1")
        self.assertEqual([action[2] for action in story.actions() if action[0] == "send"], [HOUR, 3 * HOUR, 10 * HOUR])

    def test_a_first_cart_known_by_its_value_only_waits_for_a_change(self) -> None:
        story = Story().subscriber().track(HOUR, "Cart Viewed", cart_id="c-1", value=5, currency="USD")
        self.assertEqual(story.actions(), [])
        story.track(2 * HOUR, "Cart Viewed", cart_id="c-2", value=5, currency="USD")
        self.assertEqual([action[2] for action in story.actions()], [3 * HOUR])

    def test_a_look_without_products_changes_nothing(self) -> None:
        look = {"value": 10, "currency": "USD"}
        self.assertEqual(Story().subscriber().track(HOUR, "Cart Viewed", cart_id="c-1", **look).actions(), [])
        story = Story().subscriber().track(HOUR, "Cart Viewed", **look).add(HOUR + MINUTE)
        self.assertEqual(story.run(DAY).actions["u-1"][0]["cart_id"], f"auto-{START_MS + HOUR + MINUTE}")

    def test_refusals(self) -> None:
        address = "u-1@example.com"
        cases = [
            ("no_email", Story().identify(0)),
            ("invalid_email", Story().identify(0, email="none", email_marketing_consent=True)),
            ("no_consent", Story().identify(0, email=address)),
            ("consent_pending", Story().identify(0, email=address, email_marketing_consent="pending")),
            ("unsubscribed", Story().subscriber().track(1, "Unsubscribed", "shop.emails").identify(2, email_marketing_consent=True)),
            ("complained", Story().subscriber().track(1, "Email Marked as Spam", "shop.emails")),
            ("bounced", Story().subscriber().track(1, "Email Bounced", "shop.emails")),
        ]
        for reason, story in cases:
            self.assertEqual(story.add(HOUR).actions(), [("suppressed", reason, 2 * HOUR)])

    def test_what_lifts_a_refusal(self) -> None:
        mails = "shop.emails"
        cases = [
            Story().subscriber().track(1, "Unsubscribed", mails).track(2, "Subscribed", mails),
            Story().subscriber().track(1, "Consent Changed", mails, channel="sms", status="unsubscribed"),
            Story().identify(0, email_marketing_consent=False).identify(1, email="u-1@example.com", email_marketing_consent=True),
            Story().subscriber().track(1, "Email Bounced", mails).identify(2, email="new@example.com"),
        ]
        for story in cases:
            self.assertEqual(story.add(HOUR).actions(), [("send", None, 2 * HOUR)])

    def test_a_trait_does_not_lift_an_unsubscribe_that_arrives_after_it(self) -> None:
        story = Story().subscriber().identify(HOUR, email_marketing_consent=True)
        story.track(HOUR - 1, "Unsubscribed", "shop.emails", sent_at=HOUR + 1).add(2 * HOUR)
        self.assertEqual(story.actions(), [("suppressed", "unsubscribed", 3 * HOUR)])


class Comparison(unittest.TestCase):
    """The outputs a faithful program would write agree; every single deviation is found."""

    def setUp(self) -> None:
        story = Story().subscriber().add(HOUR).order(3 * HOUR, "o-1", 10).refund(DAY, "o-1", total=1, currency="USD")
        story.lines.append(json.dumps({"topic": "shop.carts", "key": "u-2", "timestamp_ms": START_MS, "value": '{"a":'}))
        self.lines, self.outputs = story.lines, as_outputs(story.run())

    def exit_code(self, outputs: dict) -> int:
        with tempfile.TemporaryDirectory() as folder:
            write_lines(os.path.join(folder, "input.jsonl"), self.lines)
            for topic, values in outputs.items():
                write_lines(os.path.join(folder, f"lifetide.{topic}.jsonl"), map(json.dumps, values))
            command = [sys.executable, os.path.join(HERE, "recount.py"), "--input", f"{folder}/input.jsonl", "--outputs", folder]
            return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode

    def test_faithful_outputs_agree(self) -> None:
        self.assertEqual(self.exit_code(self.outputs), 0)

    def test_every_deviation_is_found(self) -> None:
        deviations = [
            ("actions", lambda values: values.pop(0)),
            ("actions", lambda values: values[0].update(kind="suppressed", reason="no_consent")),
            ("actions", lambda values: values.append(values[0])),
            ("actions", lambda values: values.reverse()),
            ("clv", lambda values: values[1]["historic"][0]["net_of_refunds"].update(minor=1000)),
            ("clv", lambda values: values[0].update(p_alive=values[0]["p_alive"] + 1e-6)),
            ("transitions", lambda values: values[0].update(event_time=rfc3339(START_MS + 1))),
            ("transitions", lambda values: values[0].update(reason="order")),
            ("dlq", lambda values: values[0].update(value='{"a"')),
            ("dlq", lambda values: values.clear()),
        ]
        for number, (topic, deviate) in enumerate(deviations):
            outputs = copy.deepcopy(self.outputs)
            deviate(outputs[topic])
            self.assertEqual(self.exit_code(outputs), 1, f"deviation {number} of {topic}")


def as_outputs(expected: Expected) -> dict:
    """Records in the shape of the output topics, as far as the comparison reads them."""
    outputs: dict = {"dlq": [{"key": key, "value": raw} for key, raw in expected.dead_letters]}
    for topic in ("transitions", "clv", "actions"):
        outputs[topic] = [as_output(customer, record) for customer, records in getattr(expected, topic).items() for record in records]
    return outputs


def as_output(customer: str, record: dict) -> dict:
    value = {"key": customer, **record}
    for name in ("event_time", "due_at", "expires_at"):
        if name in value:
            value[name] = rfc3339(value[name])
    if "historic" in value:
        value["historic"] = [
            {"currency": currency, "orders": orders, "gross": {"minor": gross}, "net_of_refunds": {"minor": net}}
            for currency, (orders, gross, net) in value["historic"].items()
        ]
        value["inputs"] = {"x": value.pop("x")}
    if "cart_id" in value:
        value["cart"] = {"id": value.pop("cart_id"), "value": value.pop("cart_value")}
    return value


def write_lines(path: str, lines: Any) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)


if __name__ == "__main__":
    unittest.main()
