"""The sandbox's own interface, under ``/_sandbox``: for demos and tests in another process."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from sandbox.server.asgi import VendorApp

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Receive, Scope, Send

    from sandbox.booker import BookerSwitches
    from sandbox.box import Sandbox
    from sandbox.referrizer import ReferrizerSwitches
    from sandbox.server.faults import Faults
    from sandbox.server.journal import Requests


def application(box: Sandbox) -> ASGIApp:
    """Both vendors and the control interface as one application.

    A vendor is told by the first part of the path alone, not by a route: Starlette's end at a line break, and
    the answer to whatever follows is the vendor's.
    """
    vendors = {
        vendor.name: VendorApp(vendor, box.faults, box.requests) for vendor in (box.booker, box.referrizer)
    }
    control = Starlette(routes=[Mount("/_sandbox", routes=Control(box).routes())])

    async def lead(scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"].split("/", 2)[1]
        if name in vendors:
            await vendors[name]({**scope, "root_path": f"/{name}"}, receive, send)
        else:
            await control(scope, receive, send)

    return lead


class Control:
    """Moves the clock, makes news, shows what happened. Only ``POST /clock`` moves the clock."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box

    def routes(self) -> list[BaseRoute]:
        """The routes below ``/_sandbox``."""
        table: list[tuple[str, str, Callable[[Any], Any]]] = [
            ("GET", "/clock", lambda _: self._clock()),
            ("POST", "/clock", self._move_clock),
            ("POST", "/news", lambda body: self.box.salon.hour_of_news(int(body.get("seed", 0))).summary()),
            ("GET", "/journal", lambda _: list(self.box.referrizer.journal)),
            ("GET", "/requests", lambda _: [seen.public() for seen in self.box.requests]),
            ("DELETE", "/requests", lambda _: self._forget(self.box.requests)),
            ("GET", "/groups", lambda _: self.box.referrizer.groups()),
            ("POST", "/faults", self._add_fault),
            ("DELETE", "/faults", lambda _: self._forget(self.box.faults)),
            ("PUT", "/switches", self._switch),
        ]
        return [Route(path, _endpoint(act), methods=[method]) for method, path, act in table]

    def _clock(self) -> dict[str, str]:
        return {"now": self.box.clock.now.isoformat().replace("+00:00", "Z")}

    def _move_clock(self, body: dict[str, Any]) -> dict[str, str]:
        if "now" in body:
            self.box.clock.set(datetime.fromisoformat(body["now"]))
        else:
            self.box.clock.advance(timedelta(seconds=float(body["advance_seconds"])))
        return self._clock()

    def _forget(self, kept: Requests | Faults) -> dict[str, Any]:
        kept.clear()
        return {}

    def _add_fault(self, body: dict[str, Any]) -> dict[str, Any]:
        rule = self.box.faults.add(body.pop("kind"), **body)
        return {"kind": rule.kind, "rules": len(self.box.faults.rules)}

    def _switch(self, body: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """Set switches, as ``{"booker": {name: value}}``; answers with all switches of those vendors."""
        known: dict[str, BookerSwitches | ReferrizerSwitches]
        known = {"booker": self.box.booker.switches, "referrizer": self.box.referrizer.switches}
        for vendor, values in body.items():
            for name, value in values.items():
                if name not in {f.name for f in fields(known[vendor])}:
                    message = f"{vendor} has no switch {name!r}"
                    raise ValueError(message)
                setattr(known[vendor], name, tuple(value) if isinstance(value, list) else value)
        return {
            vendor: {f.name: getattr(known[vendor], f.name) for f in fields(known[vendor])} for vendor in body
        }


def _endpoint(act: Callable[[Any], Any]) -> Callable[[Request], Any]:
    """An endpoint that reads a JSON body, acts, and answers with JSON; a wrong body is HTTP 400."""

    async def endpoint(request: Request) -> JSONResponse:
        raw = await request.body()
        try:
            body = json.loads(raw) if raw else {}
            return JSONResponse(act(dict(body)))
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)

    return endpoint
