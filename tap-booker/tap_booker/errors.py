"""Failures, sorted by what can be done about them: stop the run, lose the location, try again."""

from __future__ import annotations

import os
from typing import ClassVar

from tap_booker.catalogue import CATALOGUE
from tap_booker.typed import as_typed


class BookerError(Exception):
    """A failure that a person can read.

    Args:
        happened: What happened, in one sentence without personal data or secrets; ends with a full stop.
        status: HTTP status, when there was an answer.
        vendor_code: Booker's own `ErrorCode`, when it gave one.
        code: Catalogue code, when it differs from the one of the class.
    """

    code: str = "BKR-902"
    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        happened: str | None = None,
        *,
        status: int | None = None,
        vendor_code: int | None = None,
        code: str | None = None,
    ) -> None:
        self.code = code or type(self).code
        self.happened = happened or CATALOGUE[self.code].meaning
        self.status = status
        self.vendor_code = vendor_code
        super().__init__(self.happened)

    @property
    def action(self) -> str:
        """What to do."""
        return as_typed(CATALOGUE[self.code].action, os.environ)

    def __str__(self) -> str:
        """One line: the code, what happened, what to do."""
        return f"{self.code} {self.happened} What to do: {self.action}"


class FatalError(BookerError):
    """Nothing in this run can be right: stop it and let a person mend the settings."""

    exit_code = 2


class FileError(FatalError):
    """A file named on the command line cannot be read."""

    code = "BKR-101"


class SettingsError(FatalError):
    """One or more settings are wrong.

    Args:
        problems: One failure for each wrong setting, each with its own line.
    """

    code = "BKR-102"

    def __init__(self, problems: list[BookerError]) -> None:
        self.problems = problems
        super().__init__(problems[0].happened, code=problems[0].code)

    def __str__(self) -> str:
        """One line for each problem."""
        return "\n".join(str(problem) for problem in self.problems)


class SettingError(FatalError):
    """One wrong setting."""

    code = "BKR-102"


class CredentialFileError(FatalError):
    """The file with the refresh token cannot be read or replaced."""

    code = "BKR-105"


class StateError(FatalError):
    """A bookmark of the state that was passed in cannot be read."""

    code = "BKR-106"


class ClockError(FatalError):
    """This machine's clock is not Booker's."""

    code = "BKR-108"


class PageError(FatalError):
    """The page for signing in cannot be opened on this machine."""

    code = "BKR-109"


class TemporaryFileError(BookerError):
    """A long list needs a temporary file, and there is no room for one."""

    code = "BKR-110"
    exit_code = 2


class SignInError(BookerError):
    """Nobody signed in to Booker, or what came back was no good."""

    code = "BKR-205"


class RefusedError(FatalError):
    """Booker refused the credentials themselves: no location can be read.

    Attributes:
        word: OAuth's word for the reason, such as `invalid_grant`; empty when there was none.
    """

    code = "BKR-201"
    word: str = ""


class LocationError(BookerError):
    """This location cannot be read; the others can."""

    code = "BKR-402"


class ForbiddenError(LocationError):
    """The credentials are known, but may not read this (seen: HTTP 403, or code 1000 with another text)."""

    code = "BKR-202"
    exit_code = 2


class UnknownLocationError(LocationError):
    """Booker does not know the location."""

    code = "BKR-203"
    exit_code = 2


class UnknownZoneError(LocationError):
    """A zone-less date needs the location's zone, and there is none."""

    code = "BKR-104"
    exit_code = 2


class ArgumentError(LocationError):
    """Booker refused arguments (seen: code 200)."""

    code = "BKR-401"


class FormError(LocationError):
    """An answer without the list or the fields that it must have."""

    code = "BKR-403"


class EndlessPagesError(LocationError):
    """Page after page brings nothing new."""

    code = "BKR-404"


class BrokenRecordError(LocationError):
    """One record fails on its own, and may not be skipped."""

    code = "BKR-501"


class RetriableError(BookerError):
    """The same request may succeed later.

    Attributes:
        tries: How often the request is sent in all.
        breaks_page: A single bad record can be the cause, so the page is worth reading record by record.
        retry_after: Seconds that Booker asked us to wait, or None.
    """

    tries: ClassVar[int] = 5
    breaks_page: ClassVar[bool] = False

    def __init__(
        self, happened: str | None = None, *, retry_after: float | None = None, **rest: int | None
    ) -> None:
        super().__init__(happened, status=rest.get("status"), vendor_code=rest.get("vendor_code"))
        self.retry_after = retry_after


class UnreachableError(RetriableError):
    """No connection, or one that broke before the answer."""

    code = "BKR-301"


class ThrottledError(RetriableError):
    """HTTP 429 (documented for the gateway)."""

    code = "BKR-302"


class QuotaError(RetriableError):
    """HTTP 403 with Retry-After (documented for the gateway): the quota is spent."""

    code = "BKR-303"


class UnavailableError(RetriableError):
    """HTTP 502, 503 and the like (seen)."""

    code = "BKR-304"


class TimedOutError(RetriableError):
    """No answer within request_timeout, or HTTP 504 (seen in the middle of paging)."""

    code = "BKR-305"
    tries = 3
    breaks_page = True


class FaultError(RetriableError):
    """Booker failed inside (seen: code 100000 in a `Fault`, for one page again and again)."""

    code = "BKR-306"
    tries = 3
    breaks_page = True


class EmptyAnswerError(RetriableError):
    """HTTP 200 with an empty body, `{}` or half a JSON text (seen, in lieu of an error)."""

    code = "BKR-307"
    tries = 4
    breaks_page = True


class TokenExpiredError(LocationError):
    """The access token is no longer accepted: get a new one and send the same request again."""

    code = "BKR-204"
    exit_code = 2


class ReaderGoneError(BookerError):
    """Whoever read the output stopped reading, or the disk that takes it is full."""

    code = "BKR-901"
