"""How gunicorn serves us. `make run` adds the address and the number of workers."""

import gc
import os
from pathlib import Path
from typing import Any

wsgi_app = "wsgi:app"
worker_class = "gthread"
threads = 4
preload_app = True  # the workers share the memory of what is loaded
proc_name = "clinic"
timeout = 60
graceful_timeout = 15
keepalive = 5
# Requests are logged by the app, without query strings and addresses.
accesslog = None
loglevel = "warning"
# Its own lines would name clients' addresses and secret links where something fails.
logger_class = "clinic.web.logs.ServerLog"
# Files that it makes are readable by nobody else.
umask = 0o077
# No header may say where the app is mounted: links would lead there.
forwarder_headers = ""
# gunicorn 27 would put its control socket into the home folder.
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else str(Path(__file__).parent / "instance")


def when_ready(_server: Any) -> None:
    """Before the workers are forked: what is collected no more stays shared."""
    gc.collect()
    gc.freeze()
