"""How gunicorn serves an instance of the sandbox (read by gunicorn, not imported)."""

import os
import signal
from typing import Any

from prometheus_client import multiprocess

from sandbox import children

worker_class = "config.web_worker.Worker"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
keepalive = 60
graceful_timeout = 5
timeout = 60
control_socket_disable = True


def post_fork(server: Any, worker: Any) -> None:  # noqa: ARG001  (gunicorn's own signature)
    """Tie a worker to its master: one that is killed can't tell its workers to go."""
    children.die_with_parent(signal.SIGKILL)


def child_exit(server: Any, worker: Any) -> None:  # noqa: ARG001  (gunicorn's own signature)
    """Forget the gauges of a worker that is gone."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
