"""``filmless serve``: from an empty folder, or after any kind of end, to a listening archive."""

import os
import sys
from dataclasses import replace

import structlog

from filmless.app.data_folder import Holder, Lock, lock_for_serving
from filmless.app.serving import listening
from filmless.app.serving.job_process import JobProcess
from filmless.app.serving.listening import Listening
from filmless.app.serving.server_process import ServerProcess
from filmless.app.serving.supervisor import Supervisor
from filmless.app.shares import Shares
from filmless.app.wiring import Prepared, prepare
from filmless.database.cluster.cluster import Cluster
from filmless.database.migrate import migrate
from filmless.settings import Settings

log = structlog.get_logger()


def serve(settings: Settings) -> None:
    """Run the PACS until a signal; raises an error whose text is a sentence when it cannot start."""
    listening.check(settings)
    lock = lock_for_serving(settings.data)
    try:
        sockets = Listening(
            listening.bind(settings.http, "HTTP"),
            listening.bind(settings.dimse, "DICOM"),
            listening.bind(settings.dimse_tls, "DICOM over TLS") if settings.dimse_tls is not None else None,
        )
        _run(replace(settings, dimse=listening.bound_address(sockets.dimse)), lock, sockets)
    finally:
        lock.release()


def _run(settings: Settings, lock: Lock, sockets: Listening) -> None:
    cluster = None if settings.database_url else Cluster(settings.data)
    supervisor = Supervisor(lock, cluster, sockets.all)
    try:
        dsn = cluster.start() if cluster else settings.database_url
        migrate(dsn)
        prepared = prepare(settings, dsn)
        processes = settings.workers or len(os.sched_getaffinity(0))
        server = ServerProcess(settings, dsn, sockets, Shares(processes), prepared.warnings)
        _announce(settings, sockets, prepared)
        jobs = JobProcess(settings, dsn, settings.base_url or _web(settings, sockets))
        supervisor.run([*([server] * processes), jobs])
    finally:
        lock.say(Holder.STOPPING)
        if cluster:
            cluster.stop()
    log.info("stopped")


def _web(settings: Settings, sockets: Listening) -> str:
    scheme = "https" if settings.tls_certificate else "http"
    return f"{scheme}://{listening.bound_address(sockets.http)}"


def _announce(settings: Settings, sockets: Listening, prepared: Prepared) -> None:
    """Tell the person at the terminal where we listen, what is wrong, and how to begin."""
    web = _web(settings, sockets)
    lines = [
        f"DICOM  {settings.ae} on {listening.bound_address(sockets.dimse)}",
        *([f"TLS    {settings.ae} on {listening.bound_address(sockets.dimse_tls)}"] if sockets.dimse_tls else []),
        f"Web    {web}",
        f"Data   {settings.data.resolve()}",
        *(f"Warning: {warning}" for warning in prepared.warnings),
    ]
    if prepared.setup_token:
        lines.append(f"Make the first administrator (once): {web}/setup#token={prepared.setup_token}")
    sys.stderr.write("\n".join(lines) + "\n")
    sys.stderr.flush()
