#!/usr/bin/env python3
"""Recounts what lifetide must have written for an input, and compares it with what it wrote. Exit code 1 on any difference.

    python3 tests/model/recount.py --input events.jsonl [--input ...] --outputs DIR --slots N [--consent opt_in] [--until RFC3339]

Reads the lines that `lifetide replay` reads and the `*.jsonl` it (or a reader of the real topics) wrote. Checked per customer, in order:
lifecycle transitions, clv records (event time, orders, gross and net per currency, x, P(alive)) and actions (sends, cancels, refusals
with their reason, cart and times); and the dead letters. It is written from the contracts alone and shares no code with lifetide: that is
its worth. Python 3.9, standard library only. Not modelled: customers who become one or bring others (no generated
shop has any: the simulation compares these), plays other than the shipped one, wall-clock time, other models than MBG/NBD.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from typing import Optional

sys.dont_write_bytecode = True  # no __pycache__ among the sources

from customer import Expected, Settings
from outputs import Found, read_outputs, verdict
from records import DEFAULT_TOPICS, parse_time_ms, read_records
from slots import simulate

# Rounding of the last bit may put a computed deadline on the other side of a millisecond.
DEADLINE_TOLERANCE_MS = 1
P_ALIVE_TOLERANCE = 1e-9

UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def duration_ms(text: str) -> int:
    match = re.fullmatch(r"(\d+)(ms|s|m|h|d)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 1h or 90s")
    return int(match.group(1)) * UNITS_MS[match.group(2)]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--input", action="append", required=True, help="replay lines; repeatable, read in this order")
    parser.add_argument("--outputs", required=True, help="folder with the produced *.jsonl")
    parser.add_argument("--slots", type=int, default=1, help="partitions of every input topic (1)")
    parser.add_argument("--consent", default="opt_in", choices=["opt_in", "soft_opt_in", "none"])
    parser.add_argument("--until", type=parse_time_ms, help="time runs on to here after the input")
    parser.add_argument("--topics", default=",".join(DEFAULT_TOPICS), help="input topics in configured order")
    parser.add_argument("--prefix", default="lifetide.", help="of the output topics (lifetide.)")
    parser.add_argument("--cart-delay", type=duration_ms, default="1h")
    parser.add_argument("--cart-expires", type=duration_ms, default="24h")
    return parser.parse_args()


def difference(wanted: Optional[dict], got: Optional[dict]) -> Optional[str]:
    if wanted is None or got is None:
        return "not expected" if wanted is None else "missing"
    differing = [name for name in wanted if not same(name, wanted, got)]
    return "differs in " + ", ".join(differing) if differing else None


def same(field: str, wanted: dict, got: dict) -> bool:
    expected, actual = wanted[field], got.get(field)
    if field == "reason" and wanted.get("kind") == "send":
        return True  # the contract lists reasons of refusals and cancellations only
    if field == "p_alive":
        return actual is not None and abs(float(actual) - expected) <= P_ALIVE_TOLERANCE
    if field == "event_time" and wanted.get("reason") == "silence":
        return isinstance(actual, int) and abs(actual - expected) <= DEADLINE_TOLERANCE_MS
    return actual == expected


def compare_topic(topic: str, wanted: dict, got: dict) -> list:
    differences = []
    for customer in sorted(set(wanted) | set(got), key=str):
        pair = wanted.get(customer, []), got.get(customer, [])
        for index in range(max(map(len, pair))):
            expected, actual = (records[index] if index < len(records) else None for records in pair)
            why = difference(expected, actual)
            if why:
                differences.append(f"{topic} of {customer}, record {index}: {why}\n  want {expected}\n  got  {actual}")
                break  # what follows is shifted
    return differences


def compare_dead_letters(wanted: Counter, got: Counter) -> list:
    missing, surplus = wanted - got, got - wanted
    return [
        f"dead letter {why} ({count} times), key {key!r}: {raw[:200]}"
        for why, letters in (("missing", missing), ("not expected", surplus))
        for (key, raw), count in sorted(letters.items(), key=str)
    ]


def actions_by_kind(actions: dict) -> Counter:
    return Counter(
        action["kind"] if action["kind"] == "send" else f"{action['kind']} {action['reason']}"
        for records in actions.values()
        for action in records
    )


def transitions_by_stages(transitions: dict) -> Counter:
    return Counter(f"{move['from']} -> {move['to']}" for records in transitions.values() for move in records)


def money_by_currency(clv: dict) -> Counter:
    """Sums over the last clv record of every customer."""
    sums: Counter = Counter()
    for records in clv.values():
        for currency, amounts in records[-1].get("historic", {}).items():
            for name, amount in zip(("orders", "gross", "net"), amounts):
                sums[f"{name} {currency}"] += amount if isinstance(amount, int) else 0
    return sums


def print_summary(expected: Expected, found: Found) -> None:
    for name, count in sorted(expected.counts.items()):
        print(f"{name:45} {count:>15}")
    print(f"{'':45} {'model':>15} {'outputs':>15}")
    tables = [
        [Counter({f"{topic} records": sum(map(len, getattr(side, topic).values())) for topic in ("transitions", "clv", "actions")})
         for side in (expected, found)],
        [Counter({"dead letters": sum(side.dead_letters.values())}) for side in (expected, found)],
        [money_by_currency(side.clv) for side in (expected, found)],
        [actions_by_kind(side.actions) for side in (expected, found)],
        [transitions_by_stages(side.transitions) for side in (expected, found)],
    ]
    for wanted, got in tables:
        for name in sorted(set(wanted) | set(got)):
            mark = "" if wanted[name] == got[name] else "  <- differs"
            print(f"{name:45} {wanted[name]:>15} {got[name]:>15}{mark}")


def main() -> int:
    arguments = parse_arguments()
    records = list(read_records(arguments.input, arguments.topics.split(",")))
    settings = Settings(arguments.consent, arguments.cart_delay, arguments.cart_expires)
    expected = simulate(records, arguments.slots, arguments.until, settings)
    found = read_outputs(arguments.outputs, arguments.prefix)

    print_summary(expected, found)
    differences = compare_dead_letters(expected.dead_letters, found.dead_letters)
    for topic in ("transitions", "clv", "actions"):
        differences += compare_topic(topic, getattr(expected, topic), getattr(found, topic))
    return verdict(differences)


if __name__ == "__main__":
    sys.exit(main())
