#!/usr/bin/env python3
"""Checks the model of a whole day by hand-made cases of the README: cells, plays, merges, referrals, points, tiers.

    python3 tests/model/selftest_day.py
"""

from __future__ import annotations

import json
import os
import sys
import unittest

sys.dont_write_bytecode = True

from day import SHIPPED
from plays import Arms, Variants
from records import DEFAULT_TOPICS, read_line
from rules import Rules, read_rules
from selftest import DAY, HOUR, MINUTE, Story
from shop import World
from tiers import Tier, TierRules
from orders import Order, Orders
from points import Points

SETTINGS = os.path.join(os.path.dirname(SHIPPED), "..", "tests", "data", "day.toml")


def rules(*names: str) -> Rules:
    """The day's rules, with these plays only, and no gate of theirs but those of everybody."""
    found = read_rules([SHIPPED, SETTINGS])
    found.plays = [play for play in found.plays if play.name in names]
    for play in found.plays:
        play.caps, play.quiet, play.when, play.cost = [], None, [], {}
    return found


def live(*stories: Story, plays: tuple = (), control: tuple = ()) -> World:
    lines = sorted((line for story in stories for line in story.lines), key=lambda line: json.loads(line)["timestamp_ms"])
    arms = Arms()
    arms.told = {place: "control" for place in control}
    variants = Variants()
    variants.told = {(story.customer, "thank_you", 1): "b" if story.customer == "u-2" else "a" for story in stories}
    world = World(rules(*plays), arms, variants, {}, 1)
    world.live(iter([read_line(line, DEFAULT_TOPICS, "test") for line in lines]), [])
    return world


def figures(world: World, name: str) -> dict:
    """By the values of the dimensions, in order of their names; without zeros."""
    cells = world.cells.sums.items()
    return {tuple(value for _, value in dims): sum_ for (own, dims, _), sum_ in cells if own == name and sum_}


def end(at: int) -> Story:
    """Somebody else, so that time goes on."""
    return Story("u-9").track(at, "Chat Window Opened")


class Figures(unittest.TestCase):
    def test_an_attempt_ends_with_an_order_or_with_nothing(self) -> None:
        ordered = Story("u-1").track(0, "Product Viewed").track(MINUTE, "Checkout Started", order_id="o-1").order(5 * MINUTE, "o-1", 10)
        left = Story("u-2").track(0, "Product Viewed").add(HOUR)
        world = live(ordered, left, end(5 * HOUR))
        self.assertEqual(figures(world, "orders_by_step"), {("checkout",): 1})
        self.assertEqual(figures(world, "checkout_durations"), {("229376",): 1})
        self.assertEqual(figures(world, "drop_offs"), {("cart",): 1})

    def test_an_order_is_due_to_the_last_click_and_in_parts_to_all(self) -> None:
        story = Story("u-1").track(0, "Email Link Clicked", campaign_id="welcome").track(1, "Email Link Clicked", campaign_id="vip")
        world = live(story.order(HOUR, "o-1", 10.01), plays=("welcome", "vip"))
        self.assertEqual(figures(world, "play_orders"), {("last_touch", "vip"): 1})
        parts = {("USD", "last_touch", "vip"): 1001, ("USD", "linear", "welcome"): 501, ("USD", "linear", "vip"): 500}
        self.assertEqual(figures(world, "play_revenue"), parts)

    def test_a_bill_of_nobody_counts_once(self) -> None:
        bill = {"cost_id": "k-1", "kind": "acquire", "amount": 5, "currency": "USD", "channel": "email"}
        story = Story("u-1")
        for at in (0, 1):
            story.call(at, "shop.purchases", None, type="track", event="Cost Recorded", properties=bill, userId=None, anonymousId="u-1")
        self.assertEqual(figures(live(story), "cost"), {("email", "USD", "acquire"): 500})

    def test_service_is_told_by_who_closed_the_sale_else_by_who_served(self) -> None:
        call = {"cost": 3, "currency": "USD", "salesperson_id": "s-2"}
        sold = Story("u-1").order(0, "o-1", 10, salesperson_id="s-1").track(HOUR, "Call Logged", **call)
        world = live(sold, Story("u-2").track(0, "Call Logged", **call))
        self.assertEqual(figures(world, "service_cost"), {("USD", "s-1"): 300, ("USD", "s-2"): 300})
        self.assertEqual(figures(world, "customers_closed"), {("s-1",): 1})


class Plays(unittest.TestCase):
    def test_both_arms_are_compared_by_their_orders(self) -> None:
        stories = [Story(name).subscriber().add(0, cart_id=name).order(DAY, f"o-{name}", 10) for name in ("u-1", "u-2")]
        world = live(*stories, plays=("cart_recovery",), control=(("u-2", "cart_recovery"),))
        both = {("control", "cart_recovery"): 1, ("treatment", "cart_recovery"): 1}
        self.assertEqual(figures(world, "lift_customers"), both)
        self.assertEqual(figures(world, "lift_converted"), both)
        # both steps that the other one is sent
        self.assertEqual(world.actions[("u-2", "cart_recovery", "suppressed", "control")], 2)

    def test_variants_are_compared_by_everybody_who_has_them(self) -> None:
        stories = [Story(name).subscriber().order(HOUR, f"o-{name}", 10) for name in ("u-1", "u-2", "u-3")]
        stories[1].order(DAY, "o-9", 7)
        world = live(*stories, end(2 * DAY), plays=("thank_you",), control=(("u-3", "thank_you"),))
        both = {("thank_you", "1", "a"): 1, ("thank_you", "1", "b"): 1}
        self.assertEqual(figures(world, "variant_customers"), both)
        self.assertEqual(figures(world, "variant_sent"), {("thank_you", "1", "a"): 1, ("thank_you", "1", "b"): 2})
        self.assertEqual(figures(world, "variant_converted"), {("thank_you", "1", "b"): 1})
        self.assertEqual(figures(world, "variant_revenue"), {("USD", "thank_you", "1", "b"): 700})

    def test_a_cart_that_is_left_counts_once_with_what_is_in_it(self) -> None:
        story = Story("u-1").add(0, cart_id="c-1").add(2 * HOUR, cart_id="c-2").add(4 * HOUR, cart_id="c-1")
        world = live(story, end(2 * DAY), plays=("cart_recovery",))
        self.assertEqual(figures(world, "play_carts"), {("cart_recovery",): 2})
        self.assertEqual(list(figures(world, "play_cart_value")), [("USD", "cart_recovery")])

    def test_giving_an_order_back_ends_what_began_with_it_and_no_other(self) -> None:
        thanks = ("u-1", "thank_you", "send", "event_seen")
        kept = Story("u-1").subscriber().order(0, "o-1", 10).refund(30 * MINUTE, "o-1", total=4, currency="USD")
        self.assertEqual(live(kept, end(DAY), plays=("thank_you",)).actions[thanks], 1)
        other = Story("u-1").subscriber().order(0, "o-0", 10).order(2 * HOUR, "o-1", 10).refund(3 * HOUR - 1, "o-0")
        self.assertEqual(live(other, end(DAY), plays=("thank_you",)).actions[thanks], 2)
        early = Story("u-1").subscriber().order(0, "o-1", 10).refund(30 * MINUTE, "o-1")
        self.assertEqual(dict(live(early, end(DAY), plays=("thank_you",)).actions), {})
        late = Story("u-1").subscriber().order(0, "o-1", 10).refund(2 * HOUR, "o-1")
        self.assertEqual(live(late, end(DAY), plays=("thank_you",)).actions, {thanks: 1, ("u-1", "thank_you", "cancel", "refund"): 1})
        parcel = Story("u-1").subscriber().order(0, "o-1", 10).track(HOUR, "Order Delivered", order_id="o-1").refund(90 * MINUTE, "o-1")
        self.assertEqual(dict(live(parcel, end(DAY), plays=("review_request",)).actions), {})

    def test_who_comes_back_to_a_cart_is_not_reminded_of_it_again_until_it_was_ordered(self) -> None:
        story = Story("u-1").subscriber().add(0, cart_id="c-1").add(2 * HOUR, cart_id="c-2").add(4 * HOUR, cart_id="c-1")
        sent = ("u-1", "cart_recovery", "send", "cart_idle")
        self.assertEqual(live(story, end(2 * DAY), plays=("cart_recovery",)).actions[sent], 2)
        story.order(2 * DAY, "o-1", 5).add(3 * DAY, cart_id="c-1")
        self.assertEqual(live(story, end(5 * DAY), plays=("cart_recovery",)).actions[sent], 4)

    def test_an_open_ticket_keeps_mails_off(self) -> None:
        story = Story("u-1").subscriber().track(1, "Support Ticket Opened", ticket_id="t-1").order(HOUR, "o-1", 10)
        world = live(story, end(3 * HOUR), plays=("thank_you",))
        self.assertEqual(list(world.actions), [("u-1", "thank_you", "suppressed", "support_issue")])

    def test_an_open_ticket_keeps_off_no_play_that_it_begins(self) -> None:
        story = Story("u-1").subscriber().track(1, "Support Ticket Opened", ticket_id="t-1").order(HOUR, "o-1", 10)
        world = live(story, end(3 * HOUR), plays=("escalation", "thank_you"))
        told = [("u-1", "escalation", "send", "event_seen"), ("u-1", "thank_you", "suppressed", "support_issue")]
        self.assertEqual(list(world.actions), told)

    def test_what_is_no_younger_than_the_last_order_begins_nothing_that_an_order_ends(self) -> None:
        for at, count in ((HOUR - 1, 0), (HOUR, 0), (HOUR + 1, 1)):
            story = Story("u-1").subscriber().order(HOUR, "o-1", 10).track(at, "Product Viewed", sent_at=HOUR + 2)
            world = live(story, end(9 * HOUR), plays=("browse_abandonment",))
            self.assertEqual(sum(world.actions.values()), count, at)

    def test_a_withdrawal_takes_back_what_is_out_and_ends_what_has_begun_to_send(self) -> None:
        story = Story("u-1").subscriber().add(0).track(3 * HOUR, "Unsubscribed").track(4 * HOUR, "Subscribed")
        world = live(story, end(3 * DAY), plays=("cart_recovery",))
        told = [(kind, reason) for _, _, kind, reason in world.actions]
        self.assertEqual(told, [("send", "cart_idle"), ("cancel", "unsubscribed")])

    def test_a_birthday_begins_whatever_else_is_due_at_its_midnight(self) -> None:
        story = Story("u-1").subscriber().identify(0, birthday="--01-02")
        story.track(HOUR, "Points Earned", points=5, expires_at="2026-01-02T00:00:00Z")
        world = live(story, end(2 * DAY), plays=("birthday",))
        self.assertEqual(dict(world.actions), {("u-1", "birthday", "send", "birthday"): 1})


class Ties(unittest.TestCase):
    def visitor(self) -> Story:
        story = Story("v-1").order(HOUR, "o-1", 10).add(2 * HOUR)
        for number, line in enumerate(story.lines):
            record = json.loads(line)
            record["value"].update(anonymousId=record["value"].pop("userId"), messageId=f"v-{number}")
            story.lines[number] = json.dumps(record)
        return story

    def test_two_ids_of_one_person_count_once(self) -> None:
        story = Story("u-1").order(0, "o-0", 10).call(3 * HOUR, "shop.emails", None, type="alias", previousId="v-1")
        world = live(self.visitor(), story)
        self.assertEqual(figures(world, "customers_acquired"), {("unknown",): 1})
        self.assertEqual(figures(world, "cohort_buyers"), {("2026-01",): 1})
        self.assertEqual(figures(world, "customers_in_stage"), {("first_time",): 1})
        self.assertEqual(world.transitions[("v-1", "lifecycle", "first_time", "merged")], 1)
        self.assertEqual(len(world.slots[0].customers["u-1"].orders.kept), 2)

    def test_a_tier_that_the_visitor_had_reached_is_answered_once(self) -> None:
        visitor = Story("v-1").order(0, "o-1", 300)
        record = json.loads(visitor.lines[0])
        record["value"].update(anonymousId=record["value"].pop("userId"))
        visitor.lines[0] = json.dumps(record)
        story = Story("u-1").subscriber().call(3 * HOUR, "shop.emails", None, type="alias", previousId="v-1")
        world = live(visitor, story, end(DAY), plays=("tier_upgrade",))
        self.assertEqual(dict(world.actions), {("v-1", "tier_upgrade", "suppressed", "no_email"): 1})

    def test_a_known_customer_stays_apart(self) -> None:
        story = Story("u-1").call(HOUR, "shop.emails", None, type="alias", previousId="u-2")
        world = live(Story("u-2").order(0, "o-1", 10), story)
        self.assertEqual(world.dead_letters["merge_refused"], 1)
        self.assertEqual(figures(world, "customers_in_stage"), {("first_time",): 1, ("visitor",): 1})

    def test_a_friend_is_credited_once(self) -> None:
        friend = Story("u-2").order(1, "o-1", 10)
        for at in (HOUR, 2 * HOUR):
            friend.track(at, "Referral Converted", referrer_id="u-1")
        world = live(Story("u-1").subscriber(), friend, end(3 * HOUR), plays=("referral_reward",))
        self.assertEqual(list(world.actions), [("u-1", "referral_reward", "send", "event_seen")])
        self.assertEqual(world.dead_letters["referral_refused"], 1)


class Loyalty(unittest.TestCase):
    def test_what_expires_first_is_spent_first(self) -> None:
        points = Points()
        points.earn(10, None, 0)
        points.earn(5, 200, 0)
        points.earn(7, 100, 0)
        points.spend(9)
        self.assertEqual((points.expiring, points.lasting), ({200: 3}, 10))
        points.expire(200)
        self.assertEqual(points.total(), 10)

    def test_a_tier_is_lost_when_grace_is_over(self) -> None:
        tier, orders = Tier(TierRules([("silver", {"USD": 100})], 30 * DAY, 5 * DAY)), Orders()
        orders.complete(Order("o-1", 0, "USD", 100))
        self.assertEqual(tier.settle(orders, 0), (None, "silver", True))
        self.assertEqual(tier.due_ms(orders, 0), 30 * DAY)
        self.assertIsNone(tier.settle(orders, 30 * DAY))
        self.assertEqual(tier.due_ms(orders, 30 * DAY), 35 * DAY)
        self.assertEqual(tier.settle(orders, 35 * DAY), ("silver", "none", False))


if __name__ == "__main__":
    unittest.main()
