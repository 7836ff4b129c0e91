"""What the vendor's answer to a call means: done, refused, unknowable, or settings that must be corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_referrizer.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_referrizer.wire import Answer

_REDIRECTS = range(300, 400)
_REFUSALS = range(400, 500)
_DUPLICATE = frozenset({"NOT_UNIQUE", "RESOURCE_ALREADY_EXISTS"})


class Refused(Exception):  # noqa: N818 - the vendor's decision, not a mistake
    """The vendor did not do it, and said so.

    Attributes:
        status: HTTP status; all documented refusals are 400, so the code decides.
        error_code: The vendor's `errorCode`, None when it sent none.
    """

    def __init__(self, status: int, error_code: str | None, message: str) -> None:
        super().__init__(f"{message} was refused: {error_code or 'no error code'} (HTTP {status})")
        self.status = status
        self.error_code = error_code

    @property
    def is_duplicate(self) -> bool:
        """E-mail or phone is taken (documented names; which of the two codes means what is inferred)."""
        return self.error_code in _DUPLICATE

    @property
    def is_gone(self) -> bool:
        """There is no such contact; no error code is known for it, so the status says so."""
        return self.status in {404, 410}


class Unknown(Exception):  # noqa: N818 - a state, not a mistake
    """Nobody can know whether the vendor acted: the request may have arrived, and its answer did not.

    Attributes:
        reason: Why, in our words.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def accept(method: str, path: str, body: Mapping[str, Any] | None, answer: Answer) -> Answer:
    """Let a good answer through.

    Args:
        method: HTTP method of the call.
        path: Path of the call; its ids say nothing about a person.
        body: What was sent, None for a read.
        answer: An answer that counts.

    Raises:
        SettingsError: Token, address or custom field; the same would happen to every call.
        Refused: The vendor said no to this one.
    """
    status, call = answer.status, f"{method} {path}"
    if status in {401, 403}:
        raise SettingsError("RFZ-104", f"{call} was answered with HTTP {status}")
    if status in _REDIRECTS:
        raise SettingsError("RFZ-101", f"api_url leads to a redirect (HTTP {status}); give the final address")
    if status == 405:  # noqa: PLR2004 - Method Not Allowed
        raise SettingsError(
            "RFZ-101", f"Referrizer does not allow {method} here; check api_url, update_style"
        )
    if status not in _REFUSALS:
        return answer
    code = answer.error_code()
    if code == "INVALID_CUSTOM_FIELD_NAME":
        names = ", ".join(_suspects(body or {}, answer))
        raise SettingsError("RFZ-107", f"Referrizer does not know the custom field {names}")
    raise Refused(status, code, call)


def _suspects(body: Mapping[str, Any], answer: Answer) -> list[str]:
    """Our own field names that the vendor's message mentions, else all that we sent as custom fields."""
    said = str(answer.json().get("message", ""))
    sent = [
        name for key, inner in body.items() if isinstance(inner, dict) and key != "address" for name in inner
    ]
    return [f"'{name}'" for name in sent if name in said] or [f"'{name}'" for name in sent]
