"""How gunicorn serves us. `make run` adds the address and the number of workers."""

import os
from pathlib import Path

wsgi_app = "wsgi:app"
worker_class = "gthread"
threads = 4
timeout = 60
graceful_timeout = 15
keepalive = 5
# Requests are logged by the app, without query strings and addresses.
accesslog = None
loglevel = "warning"
# gunicorn 27 would put its control socket into the home folder.
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else str(Path(__file__).parent / "instance")
