"""What is known about mailing one customer: the address, whether mail reaches it, and consent (contracts.md 2, "Consent").

Explicit words (Unsubscribed, Subscribed, Consent Changed, a complaint) and traits are kept apart, each by its latest event time. So the
outcome does not depend on the order of arrival, and a trait never lifts an explicit refusal, however late that one arrives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional

from events import Event

SOFT_BOUNCES_MAKE_HARD = 3
LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$", re.ASCII)


@dataclass
class Statement:
    time_ms: int
    status: str  # subscribed, unsubscribed, pending
    is_complaint: bool = False

    def is_refusal(self) -> bool:
        return self.status == "unsubscribed"


def newer(old: Optional[Statement], new: Optional[Statement]) -> Optional[Statement]:
    """The later one by event time; at the same time a refusal, else the new one."""
    if old is None or new is None:
        return new or old
    if new.time_ms != old.time_ms:
        return max(old, new, key=lambda statement: statement.time_ms)
    return old if old.is_refusal() and not new.is_refusal() else new


class Mailing:
    def __init__(self) -> None:
        self.email: Optional[str] = None
        self.email_ms = 0
        self.bounced = False
        self.soft_bounces = 0
        self.explicit: Optional[Statement] = None
        self.trait: Optional[Statement] = None

    def learn(self, event: Event) -> None:
        if event.email is not None and (self.email is None or event.time_ms >= self.email_ms):
            if event.email != self.email:
                self.bounced, self.soft_bounces = False, 0
            self.email, self.email_ms = event.email, event.time_ms
        if event.trait_consent is not None:
            self.trait = newer(self.trait, Statement(event.time_ms, event.trait_consent))

    def apply(self, event: Event) -> None:
        name, properties = event.name, event.properties
        if name in ("Email Delivered", "Email Opened", "Email Link Clicked"):
            self.soft_bounces = 0
        elif name == "Email Bounced":
            self._bounce(properties.get("bounce_type") or "hard")
        elif name == "Email Marked as Spam":
            self._say(Statement(event.time_ms, "unsubscribed", is_complaint=True))
        elif name in ("Unsubscribed", "Subscribed"):
            self._say(Statement(event.time_ms, name.lower()))
        elif name == "Consent Changed" and properties.get("channel") in (None, "email"):
            self._say(Statement(event.time_ms, properties["status"]))

    def _say(self, statement: Statement) -> None:
        self.explicit = newer(self.explicit, statement)

    def _bounce(self, bounce_type: str) -> None:
        if bounce_type == "soft":
            self.soft_bounces += 1
        if bounce_type != "soft" or self.soft_bounces >= SOFT_BOUNCES_MAKE_HARD:
            self.bounced = True

    def consent(self) -> Optional[Statement]:
        if self.explicit is not None and self.explicit.is_refusal():
            return self.explicit
        return newer(self.trait, self.explicit)

    def withdrawn(self) -> Optional[str]:
        """Why mails that are out are to be taken back, whatever rule of consent there is."""
        consent = self.consent()
        if self.bounced:
            return "bounced"
        if consent is None or not consent.is_refusal():
            return None
        return "complained" if consent.is_complaint else "unsubscribed"

    def unite(self, other: "Mailing", merged_ms: int) -> None:
        """The address named last holds; a refusal wins, as if it had been said at the moment of the merge."""
        if other.email is not None and other.email == self.email:
            self.email_ms = max(self.email_ms, other.email_ms)
            self.bounced |= other.bounced
            self.soft_bounces = max(self.soft_bounces, other.soft_bounces)
        elif other.email is not None and (self.email is None or other.email_ms > self.email_ms):
            self.email, self.email_ms = other.email, other.email_ms
            self.bounced, self.soft_bounces = other.bounced, other.soft_bounces
        for name in ("explicit", "trait"):
            own, theirs = getattr(self, name), getattr(other, name)
            if theirs is not None and theirs.is_refusal():
                theirs = Statement(max(theirs.time_ms, merged_ms), theirs.status, theirs.is_complaint)
            elif theirs is not None and own is not None and own.is_refusal() and theirs.time_ms < merged_ms:
                continue
            setattr(self, name, newer(own, theirs))

    def refusal(self, require: str, has_ordered: bool) -> Optional[str]:
        """Why a marketing mail may not go out now: the first gate that fails, or None."""
        if self.email is None:
            return "no_email"
        if not is_valid_address(self.email):
            return "invalid_email"
        consent = self.consent()
        refused = None
        if consent is not None and consent.is_refusal():
            refused = "complained" if consent.is_complaint else "unsubscribed"
        if require == "none":
            return "bounced" if self.bounced else refused
        if refused:
            return refused
        if consent is not None and consent.status == "pending":
            return "consent_pending"
        if consent is None and not (require == "soft_opt_in" and has_ordered):
            return "no_consent"
        return "bounced" if self.bounced else None


def is_valid_address(text: str) -> bool:
    local, at, domain = text.partition("@")
    if not at or "@" in domain or any(c.isspace() for c in text) or not 1 <= len(local) <= 64:
        return False
    return "." in domain and all(LABEL.match(label) for label in domain.split("."))
