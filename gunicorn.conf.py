"""gunicorn configuration. `make run` adds the address and the number of workers."""

import gc
import os
from pathlib import Path
from typing import Any

wsgi_app = "wsgi:app"
worker_class = "gthread"
threads = 4
preload_app = True  # the workers share the memory of the loaded modules
proc_name = "clinic"
timeout = 60
graceful_timeout = 15
keepalive = 5
# The app logs requests, without query strings and addresses.
accesslog = None
loglevel = "warning"
# gunicorn's own error lines would contain clients' addresses and secret links.
logger_class = "clinic.web.logs.ServerLog"
# Files created by gunicorn are private.
umask = 0o077
# Ignore headers that name a mount point of the app, as links would then point there.
forwarder_headers = ""
# gunicorn 27 would put its control socket into the home folder.
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else str(Path(__file__).parent / "instance")


def when_ready(_server: Any) -> None:
    """Freeze the loaded objects before workers are forked, so that garbage collection does not unshare their memory."""
    gc.collect()
    gc.freeze()
