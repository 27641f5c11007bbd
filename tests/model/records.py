"""Input lines as the replay command reads them, turned into records with a topic, a key, a slot and a Kafka timestamp.

A line is either a bare event or {"topic", "key", "timestamp_ms", "value"}, where `value` is the event itself or, when the record is not
JSON, a string with the raw record. Nothing is judged here: whether a record makes sense is the question of events.py.
"""

from __future__ import annotations

import json
import re
from calendar import timegm
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Iterator, Optional

DEFAULT_TOPICS = ["shop.purchases", "shop.emails", "shop.carts"]

RFC_3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))$", re.ASCII
)
DAYS_IN_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


@dataclass
class Record:
    topic: int  # position in the configured list of input topics
    key: Optional[str]
    timestamp_ms: Optional[int]  # None: a bare line, whose Kafka timestamp is its event time
    value: Any  # parsed JSON, or None when the record is not JSON
    raw: str  # comparable form of the record's bytes, see `comparable`


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def parse_json(text: str) -> Any:
    """Strict JSON with exact decimals; Python would take NaN and Infinity too. Raises ValueError."""
    return json.loads(text, parse_float=Decimal, parse_constant=refuse_constant)


def comparable(value: Any) -> str:
    """One text for all spellings of a JSON value, so that a re-written record still compares equal to the original."""
    return json.dumps(value, sort_keys=True, default=lambda number: f"decimal {number.normalize()}")


def comparable_raw(text: str) -> str:
    try:
        value = parse_json(text)
    except (ValueError, RecursionError):
        return text
    return comparable(value) if isinstance(value, dict) else text


def read_records(paths: list, topics: list) -> Iterator[Record]:
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield read_line(line, topics, f"{path}:{number}")


def read_line(line: str, topics: list, place: str) -> Record:
    try:
        content = parse_json(line)
    except ValueError:
        content = None
    if not (isinstance(content, dict) and "value" in content and "topic" in content):
        return bare_record(content, line)
    if content["topic"] not in topics:
        raise SystemExit(f"{place}: topic {content['topic']!r} is none of {topics}")
    value = content["value"]
    raw = value if isinstance(value, str) else comparable(value)
    if isinstance(value, str):
        try:
            value = parse_json(value)
        except (ValueError, RecursionError):
            value = None
        raw = comparable_raw(raw)
    return Record(topics.index(content["topic"]), content.get("key"), content.get("timestamp_ms"), value, raw)


def bare_record(content: Any, line: str) -> Record:
    key = None
    if isinstance(content, dict):
        key = content.get("userId") or content.get("anonymousId")
    return Record(0, key if isinstance(key, str) else None, None, content, comparable_raw(line.rstrip("\n")))


def parse_time_ms(text: str) -> int:
    """Milliseconds since 1970 of an RFC 3339 time, finer digits cut off. Raises ValueError."""
    match = RFC_3339.match(text)
    if not match:
        raise ValueError(f"{text!r} is not an RFC 3339 time")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    last_day = 28 if month == 2 and not leap else DAYS_IN_MONTH[month - 1] if 1 <= month <= 12 else 0
    if not (1 <= day <= last_day and hour < 24 and minute < 60 and second < 60):
        raise ValueError(f"{text!r} is not a time")
    offset_s = 0
    if match.group(9):
        offset_s = (int(match.group(10)) * 60 + int(match.group(11))) * 60 * (1 if match.group(9) == "+" else -1)
    milliseconds = int((match.group(7) or "0").ljust(3, "0")[:3])
    return (timegm((year, month, day, hour, minute, second)) - offset_s) * 1000 + milliseconds


def slot_of(key: str, slots: int) -> int:
    """The partition that Kafka's Java producer chooses for a key."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % slots


def murmur2(data: bytes) -> int:
    """MurmurHash2 (Austin Appleby), 32 bits, with the seed that Kafka's partitioner uses."""
    factor, mask = 0x5BD1E995, 0xFFFFFFFF
    hashed = (0x9747B28C ^ len(data)) & mask
    whole = len(data) - len(data) % 4
    for start in range(0, whole, 4):
        word = int.from_bytes(data[start : start + 4], "little") * factor & mask
        word = (word ^ word >> 24) * factor & mask
        hashed = hashed * factor & mask ^ word
    if whole < len(data):
        hashed = (hashed ^ int.from_bytes(data[whole:], "little")) * factor & mask
    hashed = (hashed ^ hashed >> 13) * factor & mask
    return hashed ^ hashed >> 15
