"""One server process: a DICOM listener and the web in one event loop, on the supervisor's sockets."""

import asyncio
import contextlib
import gc
import os
import signal
import ssl
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import structlog
import uvicorn
import uvloop

from filmless.app.serving.listening import Listening, entrances
from filmless.app.serving.supervisor import STOP_SECONDS
from filmless.app.shares import Shares
from filmless.app.wiring import ServerParts
from filmless.servers.association.listener import DicomListener
from filmless.servers.behind_proxy import BehindProxy
from filmless.servers.dimse.services import SERVICES
from filmless.servers.http_limits import BoundedHttp
from filmless.servers.memory import keep_freed_pages
from filmless.settings import Settings

KEEP_ALIVE_SECONDS = 65  # idle HTTP connections; longer than the 60 s after which proxies close theirs
WARM_REST = 5.0  # seconds in which nothing was stored, before what is slow to load takes a core for one
WARM_LATEST = 60.0  # seconds after the start; then it is loaded all the same
SWITCH_SECONDS = 0.0001  # a thread may wait for the interpreter: the committer begins while the event loop still reads
LINGER_SECONDS = 2.0  # for HTTP requests in progress, within the time of the associations

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """The work of each process that the supervisor forks."""

    settings: Settings
    dsn: str
    listening: Listening
    shares: Shares
    warnings: tuple[str, ...] = ()  # sentences about what is not safe, for people who are signed in

    def __call__(self, number: int, *, life: int, after_crash: bool) -> None:
        """Serve until SIGTERM; end at once when the supervisor's end of ``life`` closes."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C reaches us too; the supervisor decides
        gc.set_threshold(50_000, 20, 100)  # few cycles are made on the hot paths
        keep_freed_pages()
        sys.setswitchinterval(SWITCH_SECONDS)
        parts = ServerParts(self.settings, self.dsn, self.shares.of(number), self.warnings)
        try:
            if after_crash:
                parts.recover()
            uvloop.run(self._serve(parts, life))
        finally:
            parts.close()

    async def _serve(self, parts: ServerParts, life: int) -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        loop.add_reader(life, os._exit, 1)  # nothing is ever written: readable means that the supervisor is gone
        web = _Web(self._web_config(parts))
        loop.add_signal_handler(signal.SIGHUP, web.renew_certificate)
        listener = DicomListener(parts.policy, parts.collaborators, SERVICES, parts.may_accept)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(web.serve(sockets=[self.listening.http]))
            tasks.create_task(listener.serve(*entrances(self.settings, self.listening)))
            background = [tasks.create_task(parts.housekeeping.run()), tasks.create_task(parts.changes.run())]
            self._warm_at_rest(parts, loop.time() + WARM_LATEST)
            await stop.wait()
            parts.changes.close()
            web.should_exit = True
            await listener.drain(STOP_SECONDS - LINGER_SECONDS)
            for task in background:
                task.cancel()

    def _warm_at_rest(self, parts: ServerParts, latest: float) -> None:
        """Load what the first picture would wait for, out of the way of those who send now."""
        loop = asyncio.get_running_loop()
        left = min(WARM_REST - self.shares.rest(), latest - loop.time())
        if left > 0:
            loop.call_later(left, self._warm_at_rest, parts, latest)
        else:
            parts.warm()

    def _web_config(self, parts: ServerParts) -> uvicorn.Config:
        settings = self.settings
        return uvicorn.Config(
            BehindProxy(parts.web) if settings.behind_proxy else parts.web,
            loop="none",
            http=BoundedHttp,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            proxy_headers=False,  # see BehindProxy
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=int(STOP_SECONDS - LINGER_SECONDS),
            ssl_certfile=settings.tls_certificate,
            ssl_keyfile=settings.tls_key,
        )


class _Web(uvicorn.Server):
    """uvicorn without its signal handlers: the process has one for all its doors."""

    def renew_certificate(self) -> None:
        """Read the files of HTTPS again, for the connections to come; what cannot be used leaves all as it is."""
        config = self.config
        if config.ssl is None or config.ssl_certfile is None:
            return
        files = (config.ssl_certfile, config.ssl_keyfile)
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*files)
            config.ssl.load_cert_chain(*files)
        except OSError as fault:
            log.error("certificate_not_renewed", reason=str(fault))
        else:
            log.info("certificate_renewed")

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield
