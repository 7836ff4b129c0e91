"""How two descriptions of a person are compared: e-mails, phones and names.

Keys are what two systems that write the same thing differently agree on. They are for comparing only; what is
sent is the source's own value (the phone excepted, see `payloads`).
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s.\x00-\x1f\x7f]+(\.[^@\s.\x00-\x1f\x7f]+)+")
# Longer ones are nobody's; a ledger's columns are as wide.
_LONGEST_EMAIL, _LONGEST_NAME = 320, 255
# Nearly every number of a salon's list, such as (312) 555-0101 or +13125550101: the library takes a quarter
# of the time of staging to say the same of it.
_PLAIN_PHONE = re.compile(r"(?:\+1[ .-]?)?\(?([2-9][0-9]{2})\)?[ .-]?([0-9]{3})[ .-]?([0-9]{4})")
_NORTH_AMERICA = frozenset({"US", "CA"})
_ACCENTS = range(0x300, 0x370)
# Letters that Unicode does not take apart into a base letter and an accent.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"}
)


def fold(text: str | None) -> str:
    """A name without case, accents, spaces and punctuation, for comparing.

    Scripts other than Latin, Greek and Cyrillic keep their marks, which are letters there and not accents.
    Emoji and other signs do not count.

    Args:
        text: A name, or None.

    Returns:
        Letters and digits only; empty when there are none.
    """
    if not text:
        return ""
    if text.isascii():  # most names: nothing of what follows does anything else to them
        return "".join(filter(str.isalnum, text.lower()))[:_LONGEST_NAME]
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).translate(_LETTERS)
    bare = "".join(letter for letter in plain if ord(letter) not in _ACCENTS)
    kept = [letter for before, letter in pairwise(f" {bare}") if _counts(before, letter)]
    return unicodedata.normalize("NFC", "".join(kept))[:_LONGEST_NAME]


def _counts(before: str, letter: str) -> bool:
    """A letter or digit, or a mark that belongs to the letter before it (not one that varies an emoji)."""
    kind = unicodedata.category(letter)[0]
    return kind in "LN" or (kind == "M" and unicodedata.category(before)[0] in "LM")


def email_key(email: str | None) -> str | None:
    """What an e-mail address is recognised by.

    Args:
        email: As someone typed it, or None.

    Returns:
        The address in lower case, or None when it is none: not one `@`, a space, or no dot in the domain.
    """
    key = (email or "").strip().casefold()
    return key if len(key) <= _LONGEST_EMAIL and _EMAIL.fullmatch(key) else None


def phone_key(phone: str | None, country: str) -> str | None:
    """What a phone number is recognised by.

    A number is readable when it has a length that its country uses. Whether it is assigned does not matter: a
    salon's list holds numbers newer than any table.

    Args:
        phone: As someone typed it, or None; an extension is dropped.
        country: Two letters; whose number it is when it does not start with `+`.

    Returns:
        The number in E.164, such as `+13125550101`, or None when it is none.
    """
    if phone and country.upper() in _NORTH_AMERICA and (plain := _PLAIN_PHONE.fullmatch(phone)):
        return "+1" + "".join(plain.groups())
    return _parsed_phone(phone, country)


def _parsed_phone(phone: str | None, country: str) -> str | None:
    """The same by the library alone."""
    try:
        number = phonenumbers.parse(phone or "", country.upper())
    except NumberParseException:
        return None
    # A number that is complete only within its own city has the reason IS_POSSIBLE_LOCAL_ONLY.
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def first_names_disagree(a: str | None, b: str | None) -> bool:
    """Whether two first names can not be one person's: both given, and neither starts the other.

    `Ann` and `Anna` may be one person who gave a short form; `Ann` and `Bob` are a family.
    """
    one, other = fold(a), fold(b)
    return bool(one and other) and not (one.startswith(other) or other.startswith(one))


def last_names_agree(a: str | None, b: str | None) -> bool:
    """Whether two last names are given and the same."""
    return fold(a) == fold(b) != ""
