"""Supervises tiny children until it is killed: `python -m tests.sandbox.keeper STATE PORT`."""

import json
import os
import signal
import sys
import time
from pathlib import Path

from sandbox import ports
from sandbox.embedded import Embedded
from sandbox.instance import ROOT
from sandbox.progress import Progress
from sandbox.supervisor import Service, Supervisor

signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
state, port = Path(sys.argv[1]), int(sys.argv[2])
supervisor = Supervisor(state, env=os.environ, cwd=ROOT, progress=Progress(sys.stderr))
supervisor.claim()
embedded = Embedded(state)
embedded.start()
web = (sys.executable, "-m", "gunicorn", "tests.sandbox.tiny_app:application")
web += ("--config", "python:sandbox.web_server", "--bind", f"127.0.0.1:{port}")
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
supervisor.launch(
    [
        Service("web", web, lambda: ports.is_ok(f"http://127.0.0.1:{port}/")),
        Service("deaf", (sys.executable, "-c", deaf), patience_s=0.5),
    ]
)
children = [supervisor.pid_of("web"), supervisor.pid_of("deaf"), *embedded.pids]
try:
    print(json.dumps(children), flush=True)
    while True:
        time.sleep(0.05)
        supervisor.watch_once()
finally:
    supervisor.stop()
    embedded.stop()
    supervisor.release()
