"""The sandbox: one salon, both vendors, one local address."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sandbox.booker import Booker, BookerSwitches
from sandbox.clock import Clock
from sandbox.control import application
from sandbox.referrizer import Referrizer, ReferrizerSwitches
from sandbox.salon import Salon
from sandbox.salon.build import populate
from sandbox.salon.names import country_of
from sandbox.salon.special import cast_special_people
from sandbox.server.faults import Faults
from sandbox.server.journal import Requests
from sandbox.server.threaded import HOST, ThreadedServer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

DEFAULT_NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
DEFAULT_LOCATION = 3749


class Sandbox:
    """Both vendors on 127.0.0.1, served from a thread while the context lasts.

    Args:
        contacts: Customers in all; the special people come first and are always there, so 0 gives only them.
        seed: The same seed gives the same salon.
        zone: IANA zone of the location.
        now: Where the salon's clock stands.
        location_id: Booker's id of the location.
        locations: Several locations by id, with their zones; instead of `location_id` and `zone`.
        booker: Switches of Booker's inferred behaviours.
        referrizer: Switches of Referrizer's.
        port: Port to listen on; 0 for a free one.

    Attributes:
        url: Address of the server, without a slash at its end.
        clock: The salon's clock.
        salon: The business.
        booker: Booker's stand-in.
        referrizer: Referrizer's stand-in.
        faults: What goes wrong when.
        requests: Every request that was answered.
    """

    def __init__(  # noqa: PLR0913 - each argument is one plain property of the salon, named at the call
        self,
        *,
        contacts: int = 50,
        seed: int = 7,
        zone: str = "America/Chicago",
        now: datetime = DEFAULT_NOW,
        location_id: int = DEFAULT_LOCATION,
        locations: Mapping[int, str] | None = None,
        booker: BookerSwitches | None = None,
        referrizer: ReferrizerSwitches | None = None,
        port: int = 0,
    ) -> None:
        self.clock = Clock(now)
        zones = {key: ZoneInfo(name) for key, name in (locations or {location_id: zone}).items()}
        self.salon = Salon(self.clock, zones, country_of)
        cast_special_people(self.salon, next(iter(self.salon.locations.values())))
        populate(self.salon, max(0, contacts - len(self.salon.customers)), seed)
        self.booker = Booker(self.salon, booker)
        self.referrizer = Referrizer(self.clock, referrizer)
        self.faults, self.requests = Faults(), Requests()
        self._port, self._server = port, None

    _server: ThreadedServer | None

    def start(self) -> Self:
        """Begin to serve; returns when requests are answered."""
        self._server = ThreadedServer(application(self), self._port)
        self._port = self._server.port
        self._server.start()
        return self

    def stop(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    @property
    def url(self) -> str:
        """Address of the server."""
        return f"http://{HOST}:{self._port}"

    @property
    def booker_url(self) -> str:
        """Base address of Booker's API."""
        return f"{self.url}/booker"

    @property
    def referrizer_url(self) -> str:
        """Base address of Referrizer's API, with the version prefix that it has."""
        return f"{self.url}/referrizer{self.referrizer.switches.prefix}"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
