"""The rules of a run as its configuration states them: the shipped file, and one of the shop's own above it (README, "Configuration").

Plays are read as data: triggers, steps, gates. Keys the model has no use for are left alone; a trigger or a condition that it does not
know stops it, since a play that is not recounted would look like one that never acts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Optional

import tomllib
from records import parse_time_ms
from tiers import TierRules

UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
INHERITED = ("cancel_on", "expires", "control", "priority", "mode")
KNOWN_TRIGGERS = {"cart", "stage", "event", "date", "tier"}
KNOWN_FIELDS = {"cart.value", "historic.net", "orders", "p_alive", "stage", "channel", "locale", "region", "customer_type"}


def duration_ms(text: str) -> int:
    return sum(int(number) * UNITS_MS[unit] for number, unit in re.findall(r"(\d+)\s*(ms|s|m|h|d)", text))


def quiet_minutes(text: Optional[str]) -> Optional[tuple]:
    """From and until, in minutes of the day."""
    if not text:
        return None
    return tuple(int(hours) * 60 + int(minutes) for hours, minutes in re.findall(r"(\d\d):(\d\d)", text))


@dataclass
class Play:
    name: str
    trigger: tuple  # (kind, word)
    delays_ms: list
    several: list  # numbers of the steps with several templates, from 1
    cancel_on: set
    expires_ms: int
    priority: int
    mode: str
    when: list
    cool_down_ms: Optional[int]
    caps: list  # (count, window in ms)
    cost: dict
    quiet: Optional[tuple]


@dataclass
class Rules:
    plays: list = field(default_factory=list)  # highest priority first, then by name
    consent_require: str = "opt_in"
    drop_off_after_ms: int = 0
    onboarding_ms: int = 0
    priority_window_ms: int = 0
    not_before_ms: Optional[int] = None
    channels: list = field(default_factory=list)
    source_questions: list = field(default_factory=list)
    tiers: Optional[TierRules] = None


def read_rules(paths: list) -> Rules:
    layers = []
    for path in paths:
        with open(path, "rb") as file:
            layers.append(tomllib.load(file))
    # what a play leaves out is as shipped, whatever the layers above make of cart_recovery
    shipped = dict(layers[0]["plays"]["cart_recovery"])
    config: dict = {}
    for layer in layers:
        lay_over(config, layer)
    plays = config["plays"]
    not_before = plays.get("not_before")
    return Rules(
        plays=sorted(read_plays(plays, shipped), key=lambda play: (-play.priority, play.name)),
        consent_require=config["consent"]["require"],
        drop_off_after_ms=duration_ms(config["stages"]["drop_off_after"]),
        onboarding_ms=duration_ms(config["stages"]["onboarding_timeout"]),
        priority_window_ms=duration_ms(plays["priority_window"]),
        not_before_ms=None if not_before is None else parse_time_ms(not_before.isoformat().replace("+00:00", "Z")),
        channels=config["channels"]["rules"],
        source_questions=config["channels"]["source_questions"],
        tiers=read_tiers(config["loyalty"]),
    )


def read_tiers(table: dict) -> TierRules:
    levels = [(tier["name"], tier["spend"]) for tier in table.get("tiers", [])]
    return TierRules(levels, duration_ms(table["window"]), duration_ms(table["grace"]))


def lay_over(below: dict, above: dict) -> None:
    """Tables merge, except those that the configuration replaces as a whole."""
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict) and key not in ("trigger", "caps", "cost"):
            lay_over(below[key], value)
        else:
            below[key] = value


def read_plays(tables: dict, shipped: dict) -> list:
    plays = []
    for name, table in tables.items():
        if not isinstance(table, dict):
            continue
        table = {**{key: shipped[key] for key in INHERITED}, **table}
        if table["mode"] != "off":
            plays.append(read_play(name, table))
    return plays


def read_play(name: str, table: dict) -> Play:
    (kind, word), = table["trigger"].items()
    unknown = {condition["field"] for condition in table.get("when", [])} - KNOWN_FIELDS
    if kind not in KNOWN_TRIGGERS or (kind, word) == ("date", "next_order") or unknown:
        raise SystemExit(f"play {name}: the model knows no {kind} {word} {unknown or ''}")
    return Play(
        name=name,
        trigger=(kind, word),
        delays_ms=[duration_ms(step["delay"]) for step in table["steps"]],
        several=[number for number, step in enumerate(table["steps"], 1) if len(step.get("templates", [])) > 1],
        cancel_on=set(table["cancel_on"]),
        expires_ms=duration_ms(table["expires"]),
        priority=table["priority"],
        mode=table["mode"],
        when=table.get("when", []),
        cool_down_ms=duration_ms(table["cool_down"]) if "cool_down" in table else None,
        caps=[read_cap(cap) for cap in table.get("caps", {}).values()],
        cost=table.get("cost", {}),
        quiet=quiet_minutes(table.get("quiet")),
    )


def read_cap(text: str) -> tuple:
    count, window = text.split("/")
    return int(count), duration_ms(window)


def channel_of(campaign: dict, rules: list) -> Optional[str]:
    """The channel of the first rule whose patterns agree; None where no campaign is told. Referrers are not generated, and not read."""
    told = {name: campaign.get(name) for name in ("source", "medium")}
    if not any(told.values()):
        return None
    for rule in rules:
        patterns = {name: pattern for name, pattern in rule.items() if name != "channel"}
        if all(fits(pattern, told.get(name)) for name, pattern in patterns.items()):
            return rule["channel"]
    return "other"


def fits(pattern: object, told: Optional[str]) -> bool:
    words = pattern if isinstance(pattern, list) else [pattern]
    return told is not None and ("*" in words or told.lower() in [word.lower() for word in words])
