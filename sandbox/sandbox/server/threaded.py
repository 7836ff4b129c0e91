"""uvicorn in a thread, on a free port of 127.0.0.1, able to hang up on a client."""

from __future__ import annotations

import asyncio
import socket
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

HOST = "127.0.0.1"
START_SECONDS = 30


class HangingUpProtocol(H11Protocol):
    """HTTP/1.1 that lets the application close a connection without an answer: ``sandbox.hang_up``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._inner: Any = self.app
        self.app = self._with_hang_up

    async def _with_hang_up(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})["sandbox.hang_up"] = self._hang_up
        await self._inner(scope, receive, send)

    def _hang_up(self) -> None:
        """Drop the connection; ``receive`` then says that it is gone."""
        self.transport.abort()


class ThreadedServer:
    """Serves an application from a thread of its own until `stop`.

    The listening socket exists before the thread starts, so the port is known and no client comes too early.
    """

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        self._socket = socket.create_server((HOST, port), backlog=128)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app,
            http=HangingUpProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
        )
        self._server = uvicorn.Server(config)
        self._ready = Event()
        self._thread = Thread(target=self._run, name="sandbox", daemon=True)

    def start(self) -> None:
        """Start serving; returns when requests are answered."""
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            message = "the sandbox did not start"
            raise RuntimeError(message)

    def stop(self) -> None:
        """Stop serving and wait for the thread. Requests that hang on purpose are dropped."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        """The life of a uvicorn server without its signal handlers and its tenth-of-a-second ticks."""
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._server.config.load()
        self._server.lifespan = self._server.config.lifespan_class(self._server.config)
        await self._server.startup(sockets=[self._socket])
        self._ready.set()
        await self._stopping.wait()
        await self._drop_everything()

    async def _drop_everything(self) -> None:
        """Stop at once, without waiting for requests that hang or for clients that keep connections.

        asyncio leaks a connection that it has accepted but not yet set up when its server is closed, so first
        no more are accepted, and those under way are let in.
        """
        state = self._server.server_state
        self._loop.remove_reader(self._socket.fileno())
        if arriving := asyncio.all_tasks() - state.tasks - {asyncio.current_task()}:
            await asyncio.wait(arriving)
        for server in self._server.servers:
            server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        for task in list(state.tasks):
            task.cancel()
