"""Every failure that a person can meet, with its code, what it means and what to do about it."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """One failure of the catalogue.

    Attributes:
        meaning: What has happened, without the particulars.
        action: What the person who runs the tap does next.
    """

    meaning: str
    action: str


CATALOGUE: dict[str, Entry] = {
    "BKR-101": Entry(
        "A settings, state or catalog file cannot be read.",
        "Give the path of a readable JSON file.",
    ),
    "BKR-102": Entry(
        "A setting is missing or has a wrong value.",
        "Correct the setting; `tap-booker --about --format=markdown` describes each.",
    ),
    "BKR-103": Entry(
        "as_of is set against Booker's own address.",
        "Remove as_of: it is the clock of demos and tests, never of a real account.",
    ),
    "BKR-104": Entry(
        "The time zone of a location is not known, and a date needs it.",
        "Set timezone to the location's zone, for example America/Chicago.",
    ),
    "BKR-105": Entry(
        "The credential file cannot be used.",
        "Give the path of a JSON file with a refresh_token that this user may read and replace; if the token "
        "in it is spent, sign in to Booker again with `booker-connect`.",
    ),
    "BKR-106": Entry(
        "The state that was passed in cannot be read.",
        "Pass the state of an earlier run, or none for a full read.",
    ),
    "BKR-107": Entry(
        "The configuration holds a setting that the tap does not have, often a typing error.",
        "Correct or remove it; `tap-booker --about --format=markdown` describes every setting.",
    ),
    "BKR-108": Entry(
        "This machine's clock is more than five minutes off Booker's; every window of time follows it.",
        "Set this machine's clock, best by a time service (NTP).",
    ),
    "BKR-109": Entry(
        "The page for signing in to Booker cannot be opened.",
        "Stop what uses its port (another booker-connect, perhaps), or give another address with "
        "--redirect-uri and have Booker register it for the application.",
    ),
    "BKR-110": Entry(
        "The temporary file that a long list needs cannot be written.",
        "Free space in the folder for temporary files (/var/tmp, else /tmp), or set SQLITE_TMPDIR or TMPDIR "
        "to a folder with room.",
    ),
    "BKR-201": Entry(
        "Booker refused the credentials.",
        "Check subscription_key, client_id, client_secret and the access or refresh token; "
        "they must have Merchant level.",
    ),
    "BKR-202": Entry(
        "The credentials may not do this.",
        "Ask for Merchant level access to this location (scope `merchant`).",
    ),
    "BKR-203": Entry(
        "Booker does not know this location.",
        "Check location_ids; the Location ID stands in Booker's account settings.",
    ),
    "BKR-204": Entry(
        "A fresh token was refused too.",
        "Check that subscription_key and token belong to the same account and the Merchant API.",
    ),
    "BKR-205": Entry(
        "The sign-in to Booker did not come to its end.",
        "Run `booker-connect` again, sign in and press Allow; what was stored before is still there.",
    ),
    "BKR-301": Entry(
        "Booker cannot be reached.",
        "Check base_url and the network; the next run continues from the old bookmark.",
    ),
    "BKR-302": Entry(
        "Booker asked us to slow down and did not relent.",
        "Run later, or lower concurrent_requests.",
    ),
    "BKR-303": Entry(
        "The call quota of the subscription key is spent.",
        "Wait until the quota is renewed, or ask Booker for a larger one.",
    ),
    "BKR-304": Entry(
        "Booker is not available at the moment.",
        "Run later; the next run continues from the old bookmark.",
    ),
    "BKR-305": Entry(
        "Booker did not answer in time.",
        "Run later, raise request_timeout, or lower page_size.",
    ),
    "BKR-306": Entry(
        "Booker failed inside.",
        "Run later; if it stays, lower page_size or set skip_broken_records.",
    ),
    "BKR-307": Entry(
        "Booker's answer was empty or no JSON.",
        "Run later; if it stays, check base_url and lower page_size.",
    ),
    "BKR-401": Entry(
        "Booker refused the arguments of a request.",
        "Try the other date_filter_style, or a smaller page_size.",
    ),
    "BKR-402": Entry(
        "Booker refused a request.",
        "Look the code up with Booker's support; the bookmark has not moved.",
    ),
    "BKR-403": Entry(
        "Booker's answer does not have the expected form.",
        "Check base_url: it must be the address of Booker's v4.1 Merchant API.",
    ),
    "BKR-404": Entry(
        "Booker's pages repeat without an end.",
        "Run later; if it stays, tell Booker's support which window and page size repeat.",
    ),
    "BKR-501": Entry(
        "One record cannot be read, however often it is asked for.",
        "Have the record mended in Booker, or set skip_broken_records to go on without it.",
    ),
    "BKR-901": Entry(
        "The tap's output cannot be written: its reader went away, or the disk is full.",
        "See what the target said, or make room; the tap has nothing to mend.",
    ),
    "BKR-902": Entry(
        "The tap failed in a way that it does not know.",
        "Run again with TAP_BOOKER_LOGLEVEL=DEBUG and report the trace.",
    ),
}
"""Code to entry; codes are never reused."""
