"""One vendor as an ASGI application: read the request, let faults happen, ask the vendor, write it down."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from starlette.requests import Request
from starlette.responses import Response

from sandbox.server.call import JSON_TYPE, Answer, Call
from sandbox.server.faults import BEFORE
from sandbox.server.journal import Seen, without_tokens

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from sandbox.server.faults import Faults, Rule
    from sandbox.server.journal import Requests


class Vendor(Protocol):
    """What a vendor's stand-in must be able to do."""

    name: str

    def answer(self, call: Call) -> Answer:
        """Answer a request, with all its effects."""
        ...

    def failure(self, rule: Rule) -> Answer:
        """The vendor's own form of a failure that a fault asks for."""
        ...


class VendorApp:
    """Serves one vendor under its mount point."""

    def __init__(self, vendor: Vendor, faults: Faults, requests: Requests) -> None:
        self.vendor, self.faults, self.requests = vendor, faults, requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (the ASGI interface)."""
        call = await self._read(Request(scope, receive))
        rule = call.fault = self.faults.choose(self.vendor.name, call.method, call.path)
        kind = rule.kind if rule else ""
        answer = self._decide(call, rule)
        cut = kind.startswith(("timeout", "cut"))
        response = _response(answer)
        self._note(call, 0 if cut else answer.status, len(response.body), rule)
        if rule and cut:
            await _hang_up(scope, receive, rule)
        else:
            await response(scope, receive, send)

    def _decide(self, call: Call, rule: Rule | None) -> Answer:
        if rule and rule.kind in BEFORE:
            return self.vendor.failure(rule)
        answer = self.vendor.answer(call)
        broken = self.faults.breaks(self.vendor.name, call.method, call.path, answer.rows)
        if rule and rule.kind == "fault_100000":
            return self.vendor.failure(rule)
        return self.vendor.failure(_broken_record()) if broken else answer

    async def _read(self, request: Request) -> Call:
        root = request.scope.get("root_path", "")
        path = request.scope["path"].removeprefix(root) or "/"
        return Call(request.method, path, dict(request.query_params), request.headers, await request.body())

    def _note(self, call: Call, status: int, size: int, rule: Rule | None) -> None:
        query, body = without_tokens(call.query), without_tokens(call.body)
        kind = rule.kind if rule else None
        self.requests.append(
            Seen(self.vendor.name, call.method, call.path, query, status, len(call.raw), size, kind, body)
        )


def _broken_record() -> Rule:
    from sandbox.server.faults import Rule  # noqa: PLC0415 - only needed at run time here

    return Rule("fault_100000")


def _response(answer: Answer) -> Response:
    content = answer.encoded()
    kind = "text/html" if answer.page is not None else JSON_TYPE if answer.body is not None else None
    return Response(content, answer.status, headers=answer.headers, media_type=kind)


async def _hang_up(scope: Scope, receive: Receive, rule: Rule) -> None:
    """Hold the connection for a timeout fault, then close it without a byte of answer."""
    if rule.kind.startswith("timeout"):
        await asyncio.sleep(rule.hang)
    scope["extensions"]["sandbox.hang_up"]()
    # Until uvicorn has noticed: it would answer with a 500 of its own if the application returned before.
    while (await receive())["type"] != "http.disconnect":
        pass
