#!/usr/bin/env python3
"""Recounts a day of a shop with everything in it (`lifetide generate --day`), and compares totals with what lifetide wrote.

    python3 tests/model/day.py --input day.jsonl --outputs DIR --config tests/data/day.toml --slots 4 --cuts 14,18

Exit code 1 on any difference. Compared are the total of every cell over all slots (name, dimensions, window); actions by play, kind and
reason, moves of lifecycle, tier and parcel, and clv records, each by customer; and dead letters by who refused them. `--cuts`: the hours of the day at which the
input was cut into parts that were read one after the other (`shop.py`).

What the contract leaves to lifetide is taken from what it wrote: the arm and the variants of steps a customer has (draws); what a customer is expected to bring,
and the segment they are in and fall to with time (scores of the value model). Cells that sum what is expected are summed here over the last
clv record of every customer, told apart by the model's own cohort, channel, currency and membership, and by the segment of that record.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter

sys.dont_write_bytecode = True

from cells import BIN, Cells
from outputs import verdict
from plays import Arms, Variants
from records import DEFAULT_TOPICS, parse_time_ms, read_records
from rules import read_rules
from shop import World

SHIPPED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "config", "default.toml")
# segments are lifetide's to tell, and no value bands are configured
TRACKS = ("lifecycle", "tier", "fulfilment")


class Outputs:
    """What lifetide wrote, as far as it is compared."""

    def __init__(self, folder: str, prefix: str) -> None:
        self.folder, self.prefix = folder, prefix
        self.actions: Counter = Counter()
        self.arms = Arms()
        self.changed_arms: list = []
        self.variants = Variants()
        for value in self.read("actions"):
            self._take_action(value)
        self.transitions = Counter(
            (value["key"], value["track"], value["from"], value["to"]) for value in self.read("transitions") if value["track"] in TRACKS
        )
        self.clv_records: Counter = Counter()
        self.falls: dict = {}  # (customer, number of the clv record) -> when silence lowered the segment, which the record told
        self.worth: dict = {}  # customer -> expected, total, segment
        for value in self.read("clv"):
            self._take_clv(value)
        self.cells = sum_over_slots(self.read("aggregates"))
        self.dead_letters = Counter(reason_of(value) for value in self.read("dlq"))

    def read(self, topic: str):
        path = os.path.join(self.folder, f"{self.prefix}{topic}.jsonl")
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)

    def _take_action(self, value: dict) -> None:
        self.actions[(value["customer_id"], value["play"], value["kind"], value["reason"])] += 1
        place = value["customer_id"], value["play"]
        if value.get("arm") is not None and self.arms.told.setdefault(place, value["arm"]) != value["arm"]:
            self.changed_arms.append(place)
        step = *place, value["step"]
        if value["template"] and self.variants.told.setdefault(step, value["template"]) != value["template"]:
            self.changed_arms.append(step[:2])

    def _take_clv(self, value: dict) -> None:
        customer = value["key"]
        if (value.get("cause") or {}).get("deadline") == "recency":
            self.falls[customer, self.clv_records[customer]] = parse_time_ms(value["event_time"])
        self.clv_records[customer] += 1
        self.worth.pop(customer, None)
        if value.get("future"):
            self.worth[customer] = (value["future"]["expected_value"]["minor"], value["total"]["minor"], value["segment"])


def sum_over_slots(values) -> Counter:
    last = {value["key"]: value for value in values}
    sums: Counter = Counter()
    for value in last.values():
        figure = value["value"]
        if value["kind"] == "sketch":
            for found in figure["bins"]:
                dims = {**value["dims"], BIN: str(found["from_ms"])}
                sums[(value["name"], tuple(sorted(dims.items())), value["window_start"])] += found["count"]
            continue
        place = value["name"], tuple(sorted(value["dims"].items())), value["window_start"]
        sums[place] += figure["minor"] if isinstance(figure, dict) else figure
    return sums


def reason_of(value: dict) -> str:
    reason = value["headers"]["__streams.errors.exception"]
    return reason if reason in ("merge_refused", "referral_refused") else "decode"


def add_worth(world: World, worth: dict) -> list:
    """What all customers are worth, by the dimensions of the model; who has no value in one of the two is a difference."""
    cells, differing = world.cells, []
    valued = {name: customer.contribution for slot in world.slots for name, customer in slot.customers.items() if customer.contribution}
    sources = {name: customer.source[1] for slot in world.slots for name, customer in slot.customers.items() if customer.source}
    for name in sorted(set(valued) ^ set(worth)):
        differing.append(f"value of {name}: model {valued.get(name)}, outputs {worth.get(name)}")
    for name, told in valued.items():
        expected, total, segment = worth.get(name, (0, 0, None))
        currency, dims = told["currency"], {dim: told[dim] for dim in ("cohort", "channel")}
        if segment is not None:
            dims["segment"] = segment
        cells.add("customer_equity", expected, currency=currency)
        cells.add("valued_customers", 1, currency=currency)
        for dim, word in dims.items():
            cells.add("clv_total", total, currency=currency, **{dim: word})
            cells.add("clv_customers", 1, currency=currency, **{dim: word})
        cells.add("loyalty_clv", total, currency=currency, member=told["member"])
        cells.add("loyalty_customers", 1, currency=currency, member=told["member"])
        if name in sources:
            cells.add("answer_clv", total, answer=sources[name], cohort=told["cohort"], currency=currency)
            cells.add("answer_customers", 1, answer=sources[name], cohort=told["cohort"], currency=currency)
    return differing


def differences(what: str, wanted: Counter, got: Counter) -> list:
    places = sorted(set(wanted) | set(got), key=str)
    return [f"{what} {place}: model {wanted[place]}, outputs {got[place]}" for place in places if wanted[place] != got[place]]


def check_arms(outputs: Outputs, names: set) -> list:
    """A draw, but one for ever; the share of each play is printed for people."""
    found = [f"{customer} changes arms or variants in {play}" for customer, play in outputs.changed_arms]
    for play in sorted(names):
        arms = [arm for (_, name), arm in outputs.arms.told.items() if name == play]
        print(f"arms of {play:24} {len(arms):>8} customers, {sum(arm == 'control' for arm in arms)} in control")
    return found


def print_summary(world: World, outputs: Outputs) -> None:
    names = Counter(name for name, _, _ in outputs.cells)
    sums = Counter()
    for (name, _, _), value in outputs.cells.items():
        sums[name] += value
    for name in sorted(names):
        print(f"cell {name:28} {names[name]:>5} places, sum {sums[name]:>16}")
    totals: Counter = Counter()
    for (_, *place), count in outputs.actions.items():
        totals[tuple(place)] += count
    for place, count in sorted(totals.items()):
        print(f"action {' '.join(place):60} {count:>8}")
    for side in (world.counts, outputs.dead_letters):
        for name, count in sorted(side.items()):
            print(f"{name:67} {count:>8}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", action="append", required=True)
    parser.add_argument("--outputs", required=True)
    parser.add_argument("--config", action="append", default=[])
    parser.add_argument("--slots", type=int, required=True)
    parser.add_argument("--topics", default=",".join(DEFAULT_TOPICS))
    parser.add_argument("--prefix", default="lifetide.")
    parser.add_argument("--cuts", default="", help="hours of the day")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    outputs = Outputs(arguments.outputs, arguments.prefix)
    world = World(read_rules([SHIPPED, *arguments.config]), outputs.arms, outputs.variants, outputs.falls, arguments.slots)
    records = read_records(arguments.input, arguments.topics.split(","))
    world.live(records, [int(hour) for hour in arguments.cuts.split(",") if hour])

    found = add_worth(world, outputs.worth)
    found += differences("cell", world.cells.sums, outputs.cells)
    found += differences("action", world.actions, outputs.actions)
    found += differences("move", world.transitions, outputs.transitions)
    found += differences("clv records", world.clv_records, outputs.clv_records)
    found += differences("dead letters", world.dead_letters, outputs.dead_letters)
    found += check_arms(outputs, world.play_names)
    print_summary(world, outputs)
    print(f"{len(outputs.cells)} places of cells, {sum(world.actions.values())} actions")
    return verdict(found)


if __name__ == "__main__":
    sys.exit(main())
