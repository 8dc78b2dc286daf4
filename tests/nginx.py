"""deploy/nginx.conf in a real nginx. Only ports, names and folders of the sample are replaced."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.services import find_nginx, free_port, is_listening, wait_for

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
# The parts of Debian's nginx.conf around the sample, with its paths replaced.
MAIN = """
daemon off;
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 768; }}
http {{
    sendfile on;
    tcp_nopush on;
    gzip on;
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
    {more}
}}
"""


class Nginx:
    """nginx in front of two web machines on these ports. `instance` holds assets and media; `is_caching` enables the
    sample's cache of one second. `more` is further configuration, such as another server."""

    def __init__(self, web_ports: tuple[int, int], instance: Path, *, is_caching: bool = False, more: str = "") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="clinic-nginx-", dir="/tmp"))
        self.port = free_port()
        sample = (DEPLOY / "nginx.conf").read_text()
        own = {
            "listen 80;": f"listen 127.0.0.1:{self.port};",
            "127.0.0.1:8000": f"127.0.0.1:{web_ports[0]}",
            "127.0.0.1:8001": f"127.0.0.1:{web_ports[1]}",
            "server_name clinic.example": "server_name 127.0.0.1",
            "/var/lib/clinic": str(instance),
            "/srv/clinic/deploy": str(DEPLOY),
            "/var/log/nginx": str(self.folder),
            "/var/cache/nginx": str(self.folder),
        } | ({"#1s ": ""} if is_caching else {})
        for theirs, ours in own.items():
            assert theirs in sample, theirs
            sample = sample.replace(theirs, ours)
        user = "user root root;" if os.geteuid() == 0 else ""  # otherwise its workers could not read a test's folder
        (self.folder / "site.conf").write_text(sample)
        (self.folder / "nginx.conf").write_text(MAIN.format(folder=self.folder, user=user, more=more))
        self._command = [find_nginx() or "nginx", "-c", str(self.folder / "nginx.conf"), "-e", "stderr"]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the master."""
        assert self.process, "it does not run"
        return self.process.pid

    def check(self) -> str:
        """Return nginx's verdict on the configuration file."""
        return subprocess.run([*self._command, "-t"], capture_output=True, text=True, check=False).stderr

    def start(self) -> "Nginx":
        """Start nginx and wait until it listens."""
        with (self.folder / "said.log").open("ab") as said:
            self.process = subprocess.Popen(self._command, stdout=said, stderr=said, cwd="/tmp")
        wait_for(lambda: is_listening(self.port), f"nginx to listen, see {self.folder}")
        return self

    def stop(self) -> None:
        """Stop nginx and remove its folder."""
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)
