"""Exact amounts: a JSON number and an ISO 4217 currency become an integer of minor units. No float ever touches money here."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

LARGEST_MINOR = 2**63 - 1

TWO_DIGITS = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUC
CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD
KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR
RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES
WST XCD YER ZAR ZMW ZWL
""".split()
NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()
THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND".split()
FOUR_DIGITS = "CLF UYW".split()

DIGITS = {
    code: digits
    for digits, codes in ((0, NO_DIGITS), (2, TWO_DIGITS), (3, THREE_DIGITS), (4, FOUR_DIGITS))
    for code in codes
}


def minor_units(number: Any, currency: str) -> int:
    """Raises ValueError for what is no number, negative, finer than the currency or beyond 64 bits."""
    if isinstance(number, bool) or not isinstance(number, (int, Decimal)):
        raise ValueError(f"amount {number!r} is not a number")
    scaled = Decimal(number).scaleb(DIGITS[currency])
    if scaled < 0:
        raise ValueError(f"amount {number} is negative")
    if scaled != scaled.to_integral_value() or scaled > LARGEST_MINOR:
        raise ValueError(f"amount {number} {currency} is not a whole number of minor units")
    return int(scaled)
