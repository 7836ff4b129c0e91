"""The error catalogue: every failure has a code, a meaning and something to do about it.

Exceptions are sorted by recovery, not by where they come from: what an owner can do decides the class, and
the class decides the exit code. Codes are numbered likewise: 1xx settings, 2xx records, 3xx a person is
needed, 4xx the ledger, 5xx the brake, 6xx availability, 9xx the program itself. A released code never gets a
new meaning.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_referrizer.typed import as_typed

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Entry:
    """One line of the catalogue.

    Attributes:
        code: `RFZ-nnn`, for scripts and for searching.
        title: A few words, for tables.
        meaning: What the code says, in sentences.
        action: What to do about it, in sentences.
    """

    code: str
    title: str
    meaning: str
    action: str


# fmt: off
# One entry reads as one paragraph here; the formatter would give every string a line of its own.
_SETTINGS = (
    Entry("RFZ-101", "Invalid setting",
        "A setting has a value that the target cannot use.",
        "Correct the setting that is named and run again; the next run goes on from there."),
    Entry("RFZ-102", "Unknown setting",
        "The configuration holds a setting that the target does not have, often a typing error.",
        "Correct or remove it; `target-referrizer --about --format=markdown` describes every setting."),
    Entry("RFZ-103", "Missing setting",
        "A setting that the target cannot do without is not given.",
        "Set it in the configuration or in the environment and run again."),
    Entry("RFZ-104", "Token refused",
        "Referrizer did not accept the API token, or the token may not do what was asked.",
        "Copy the token again from Referrizer's Integrations page into `api_token`; nothing is lost, the "
        "next run goes on."),
    Entry("RFZ-105", "Wrong account",
        "The ledger belongs to another Referrizer account or address of the API than the settings name.",
        "Give each account its own `ledger_url`, or put back the token and address that this ledger was "
        "made with; a mistyped token looks like another account."),
    Entry("RFZ-106", "Other policy than the ledger's",
        "Groups, the group without a visit, time zone, field map or `sources` differ from the ledger's.",
        "Give all its sources the same `groups`, `no_visit_group`, `timezone`, `field_map` and `sources`."),
    Entry("RFZ-107", "Missing custom field",
        "Referrizer does not know a custom field that the field map writes to; fields must exist before "
        "they can be filled.",
        "Create the custom field in Referrizer under exactly the name that `field_map` gives it, or map "
        "that field to another name or to null, and run again; no record was rejected."),
    Entry("RFZ-108", "as_of refused",
        "`as_of` pretends another day, and a real Referrizer account must not be told what is not so.",
        "Remove `as_of`, or set `dry_run` to look at that day without writing."),
    Entry("RFZ-109", "Wrong clock",
        "This machine's clock differs from Referrizer's by more than five minutes; groups and the times of "
        "runs follow it.",
        "Set this machine's clock, best by a time service (NTP)."),
    Entry("RFZ-110", "Stream map that does not fit",
        "An entry of `stream_maps` has the wrong form, is no expression, names a field or function that "
        "there is not, cannot be worked out for any record, or leaves the stream without its key.",
        "Correct the entry that is named and run again: nothing was delivered, no state has left, nothing is "
        "lost. Without the entry `referrizer-ledger fits --input FILE` shows which fields a stream has."),
    Entry("RFZ-111", "Key that is not id",
        "The key of a stream is not `id` alone, so that several of its rows could be taken for one.",
        "Say by `stream_maps` what the one key is, such as `id: str(shop) + '-' + str(no)` with "
        "`__key_properties__: [id]`; `referrizer-ledger fits --input FILE` writes it for you."),
)

_RECORDS = (
    Entry("RFZ-201", "Unknown stream",
        "The input holds a stream that the target does not know; it takes `contacts` and `check_ins`.",
        "Deselect the stream in the tap, or rename it with `stream_maps`; "
        "`referrizer-ledger fits --input FILE` says how."),
    Entry("RFZ-202", "Malformed input",
        "A line of the input is not a Singer message.",
        "Look at what the tap writes to its standard output; log lines belong on standard error."),
    Entry("RFZ-203", "Record breaks the contract",
        "A field of the record is not of the type or form that the stream contract asks for.",
        "Mend the record at its source, or the mapping; its next good version is taken by itself."),
    Entry("RFZ-204", "Record without id",
        "The record has no id, so it can neither be linked nor recognised when it comes again.",
        "Let the tap emit a stable `id` for every record."),
    Entry("RFZ-206", "Unreadable phone",
        "The phone is not one of the default country, nor an international one, and there is no e-mail.",
        "Correct the number in the booking system, or `default_country` if many are refused."),
    Entry("RFZ-207", "Ambiguous match",
        "More than one Referrizer contact could be this person, and the target does not guess.",
        "Merge the duplicates in Referrizer, or give them different e-mails and phones."),
    Entry("RFZ-208", "Duplicate refused",
        "Referrizer says that the e-mail or phone is taken already, but shows no contact that can be this "
        "person.",
        "Look in Referrizer for the contact that holds this e-mail or phone (`referrizer-ledger rejects "
        "--show-personal-data` shows both whole) and correct the one that is wrong."),
    Entry("RFZ-209", "Contact refused",
        "Referrizer refused the contact as invalid.",
        "Look at the record and at the error code that is named; correct the record or the field map."),
    Entry("RFZ-210", "Visit refused",
        "Referrizer refused the visit as invalid.",
        "Look at the check-in and at the error code that is named, then run `referrizer-ledger rejects "
        "--retry`."),
    Entry("RFZ-211", "Check-in without a time",
        "The check-in says that the guest came but not when; a visit without a date would message the "
        "customer.",
        "Let the tap emit `checked_in_at` for every row that is checked in."),
    Entry("RFZ-212", "Inside the minimum interval",
        "Referrizer refused the visit for 48 hours because the contact had checked in shortly before.",
        "Set the minimum interval to 0 in Referrizer (Loyalty → Settings → Security, minimum interval), "
        "then run `referrizer-ledger rejects --retry`."),
    Entry("RFZ-213", "Visit in the future",
        "Referrizer refused the visit for 48 hours because its time had not come yet.",
        "Check the clock and the time zone of the booking system and of this machine."),
    Entry("RFZ-214", "Contact gone",
        "The contact was linked, but Referrizer does not have it any more; an owner may have deleted it.",
        "Nothing, if it was deleted on purpose; else create it again with the same e-mail or phone."),
    Entry("RFZ-215", "BATCH messages",
        "The input holds a BATCH message, which names files instead of carrying records; the target reads "
        "records.",
        "Switch `batch_config` off in the tap."),
    Entry("RFZ-216", "Never answered",
        "For 48 hours no run got an answer to a write to this contact, while Referrizer answered others.",
        "Look at the contact in Referrizer: something about it may make Referrizer fail. Then run "
        "`referrizer-ledger rejects --retry`."),
    Entry("RFZ-217", "Input does not fit",
        "Some of the input that `fits` has looked at keeps no stream of the contract, or its records do not.",
        "Put the `stream_maps` that it shows into the settings, and mend what is broken at its source."),
    Entry("RFZ-218", "Stream map fails for a record",
        "An expression of `stream_maps` cannot be worked out for a value of this record, often an empty one.",
        "Let the expression take it (`given.strip() if given else None`), or mend the record at its source."),
)

_PERSON = (
    Entry("RFZ-301", "Visits held",
        "The answer to some visits never came, so nobody knows whether Referrizer counted them; sending "
        "them again could give points twice.",
        "Run `referrizer-ledger held`, then settle each with `--confirm ID` or `--resend ID`."),
    Entry("RFZ-302", "Too many rejects",
        "More of this run's records were rejected than `max_reject_percent` allows; all others were "
        "delivered.",
        "Run `referrizer-ledger rejects` to see the reasons and mend them at their source."),
    Entry("RFZ-303", "Ledger rebuilt",
        "The ledger was new, but Referrizer already shows our groups: the old ledger was lost and has "
        "been rebuilt.",
        "Run once with a full refresh of contacts (`meltano --environment production run sync "
        "--full-refresh`, else the tap without --state), and keep the ledger on a disk that lasts between "
        "runs."),
)

_LEDGER = (
    Entry("RFZ-401", "Ledger busy",
        "Another run holds the ledger.",
        "Wait until it has ended; `referrizer-ledger status` says since when it runs and how far it is."),
    Entry("RFZ-402", "Newer ledger",
        "A newer version of this program has written the ledger; it was left untouched.",
        "Install that version of target-referrizer or a later one."),
    Entry("RFZ-403", "Ledger unusable",
        "The ledger cannot be opened, read or written.",
        "Check `ledger_url`, and the free space, the permissions and the backups of the place that it names; "
        "then run again, the next run goes on from there."),
    Entry("RFZ-404", "Not in the ledger",
        "The ledger knows no such contact or run, or holds no such visit.",
        "Check the id: a contact's is that of its source or of Referrizer (`-` reads an e-mail from standard "
        "input), a held visit's stands in `referrizer-ledger held`, the last run's in `status`; runs are "
        "kept for 90 days."),
    Entry("RFZ-405", "Several people",
        "The e-mail is that of several people in the ledger, and only one of them was meant.",
        "Name the one by the id of its record; `referrizer-ledger explain -` shows all of them."),
    Entry("RFZ-406", "Ledger is shared",
        "Other users of the machine may, or could, get at the ledger, which holds personal data.",
        "Keep the ledger in a folder of its own that only the target's user may write to (`chmod 700`)."),
    Entry("RFZ-407", "Report not written",
        "The report on the ledger could not be written; nothing else is changed by that.",
        "Check `report_path`, or the file that `--output` names, and its folder's space and permissions."),
)

_BRAKE = (
    Entry("RFZ-501", "Brake",
        "This run would have changed more contacts or posted more visits than `brake_percent` allows; "
        "that kind of change was withheld, everything else was delivered.",
        "Run `referrizer-ledger plan`; if the change is right, run once with a higher `brake_percent`."),
)

_AVAILABILITY = (
    Entry("RFZ-601", "Referrizer unavailable",
        "Referrizer did not answer any request for `outage_patience_seconds`, or many in a row, or its list "
        "of contacts cannot be read.",
        "Nothing: the next run goes on where this one stopped. If it lasts, check `api_url` and the "
        "network."),
    Entry("RFZ-602", "Long pause asked for",
        "Referrizer asked for a pause that is longer than this run may wait.",
        "Nothing: the next run goes on where this one stopped. If it recurs, lower `requests_per_second`."),
    Entry("RFZ-603", "Stopped",
        "Somebody asked the run to stop, with Ctrl-C or a signal; what was under way was finished.",
        "Nothing: the next run goes on where this one stopped."),
    Entry("RFZ-604", "State not taken",
        "Everything was delivered, but whoever reads the target's standard output, such as Meltano, did not "
        "take the state.",
        "Run again: the tap begins where it began this time, and nothing is delivered twice."),
)

_PROGRAM = (
    Entry("RFZ-901", "Accounting does not add up",
        "The records read are not the sum of the records accounted for, so the run cannot be trusted.",
        "Keep the log and the ledger and report it as an error of this program."),
    Entry("RFZ-902", "Unexpected failure",
        "The program met something that it was not made for.",
        "Run again; if it recurs, keep the log and report it as an error of this program."),
)
# fmt: on

CATALOGUE: dict[str, Entry] = {
    entry.code: entry
    for entry in (*_SETTINGS, *_RECORDS, *_PERSON, *_LEDGER, *_BRAKE, *_AVAILABILITY, *_PROGRAM)
}


class TargetError(Exception):
    """A failure with a place in the catalogue: one line that says what happened and what to do."""

    exit_code: int = 1

    def __init__(self, code: str, what: str) -> None:
        """Look the code up at once, so that a wrong one shows where it was written.

        Args:
            code: A code of the catalogue.
            what: What happened, without personal data and without secrets.
        """
        super().__init__(code, what)
        self.code = code
        self.what = what.strip().rstrip(".")
        self.entry = CATALOGUE[code]

    def __str__(self) -> str:
        stop = "" if self.what.endswith("?") else "."
        return f"{self.code} {self.what}{stop} What to do: {as_typed(os.environ).told(self.entry.action)}"


class SettingsError(TargetError):
    """The settings or the account must be corrected before a run can be right."""

    exit_code = 2


class SettingsErrors(SettingsError):  # noqa: N818 - several of them
    """Several settings are wrong, each with its own line."""

    def __init__(self, errors: Sequence[SettingsError]) -> None:
        super().__init__(errors[0].code, errors[0].what)
        self.errors = errors

    def __str__(self) -> str:
        return "\n".join(map(str, self.errors))


class NeedsPerson(TargetError):  # noqa: N818 - named by who is needed, as the exit codes are
    """The run is done, but a person has to look at something."""

    exit_code = 3


class LedgerBusy(TargetError):  # noqa: N818 - a state, not a mistake
    """Another run holds the ledger."""

    exit_code = 4


class Braked(TargetError):  # noqa: N818 - a state, not a mistake
    """Something was withheld because it would have changed too much."""

    exit_code = 5


class Unavailable(TargetError):  # noqa: N818 - a state, not a mistake
    """Referrizer cannot be reached; what is left waits for the next run."""

    exit_code = 6


def exit_code(error: BaseException | None) -> int:
    """The exit code that an error stands for."""
    if error is None:
        return 0
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    return error.exit_code if isinstance(error, TargetError) else 1
