"""Where the browser goes, where it comes back to, and where a code is exchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from tap_booker.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Mapping

BACK = "http://127.0.0.1:8776/back"
"""The default; fixed, for Booker compares it to the letter with what is registered."""

IDENTITY = {
    "https://api.booker.com": "https://signin.booker.com",
    "https://api-staging.booker.com": "https://apicurrent.identity.booker.ninja",
}
"""API address to identity host (both seen)."""

HTTP_PORT = 80
HERE = ("127.0.0.1", "localhost")
OWN_PATHS = ("/", "/location", "/activate", "/away", "/done", "/problem")


@dataclass(frozen=True)
class Addresses:
    """The three addresses of a sign-in.

    Attributes:
        authorize: Booker's page for signing in.
        token: The token call that takes the code.
        back: Where Booker sends the browser afterwards.
    """

    authorize: str
    token: str
    back: str

    @property
    def port(self) -> int:
        """Port of our page."""
        return urlsplit(self.back).port or HTTP_PORT

    @property
    def host(self) -> str:
        """Our page's host and port, as a browser names them."""
        parts = urlsplit(self.back)
        return f"{parts.hostname}:{parts.port}" if self.port != HTTP_PORT else f"{parts.hostname}"

    @property
    def back_path(self) -> str:
        """Path of the address to come back to."""
        return urlsplit(self.back).path

    @property
    def page(self) -> str:
        """Our page."""
        return f"http://{self.host}/"


def addresses(
    settings: Mapping[str, Any], authorize: str | None, token: str | None, back: str, *, is_page: bool
) -> Addresses:
    """Choose and check the addresses.

    Args:
        settings: Checked settings.
        authorize: What was asked for in place of the default.
        token: The same for the token call; before it, and before the default, comes the setting `token_url`.
        back: The redirect address.
        is_page: Whether the browser comes back to a page of ours, not to the person.

    Raises:
        SettingError: An address is none, or is not on this machine where it must be.
    """
    base = str(settings["base_url"])
    authorize = authorize or f"{IDENTITY.get(base, base)}/auth/connect/authorize"
    beside = f"{authorize.rpartition('/')[0]}/token"
    chosen = Addresses(authorize, token or settings.get("token_url") or beside, back)
    for name, address in (("--authorize-url", chosen.authorize), ("--token-url", chosen.token)):
        if _parts(address, name).query:
            raise SettingError(f"{name} must be an address without a query.")
    parts = _parts(back, "--redirect-uri")
    if is_page and not _is_ours(parts):
        text = f"--redirect-uri must be on this machine, such as {BACK}, unless --no-browser is given"
        raise SettingError(f"{text}.")
    return chosen


def _parts(address: str, name: str) -> SplitResult:
    """The parts of an address.

    Raises:
        SettingError: It is none.
    """
    try:
        parts = urlsplit(address)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or not address.isprintable() or " " in address or parts.fragment:
        raise SettingError(f"{name} must be an address that starts with https:// or http://.")
    return parts


def _is_ours(parts: SplitResult) -> bool:
    """Whether our own page can answer there."""
    is_plain = not parts.query and parts.netloc == parts.netloc.rpartition("@")[2]
    path_is_free = bool(parts.path) and not any(parts.path == own for own in OWN_PATHS)
    is_here = parts.scheme == "http" and parts.hostname in HERE
    return is_here and is_plain and path_is_free and not parts.path.startswith("/problem/")
