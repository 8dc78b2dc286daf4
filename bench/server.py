"""Server cost of pages: alternating rounds of wrk against gunicorn, and the CPU time of its process tree per request.

CPU time comes from /proc (Linux), as it is steadier than throughput. Each target is a ratio to a limit measured in the
same rounds: the bytes of one article from a bare WSGI function, Flask with one template, and, behind nginx, those bytes
from a file. Writes bench/RESULTS.md. Needs wrk and nginx, which Debian has.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.journeys.browser import ARTICLE, ROOT, Site, running_site
from tests.nginx import Nginx
from tests.services import find_nginx, free_port, is_listening, wait_for

ROUNDS, SECONDS, CLIENTS = 9, 2, 8
MANY_REQUESTS = 100_000
MOST_MEMORY, MOST_GROWTH, MOST_START_UP = 250, 1.05, 1.5  # megabytes, factor, seconds
TICKS = os.sysconf("SC_CLK_TCK")
RESULTS = Path(__file__).parent / "RESULTS.md"
BOOKING = """
math.randomseed(os.time() + %d)
local n = math.random(1000000, 8000000)
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
request = function()
  n = n + 1
  local body = "name=Bench&email=b" .. n .. "%%40bench.example.org&mobile=8" .. string.format("%%07d", n)
    .. "&service=pilates-1-to-1&consent=y"
  return wrk.format(nil, "/book/", nil, body)
end
"""
COMMENT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
request = function()
  return wrk.format(nil, nil, nil, "body=It+helped.&name=Bench&email=bench%%40example.org&round=%d")
end
"""


@dataclass
class Case:
    """One measured request, with its results of each round."""

    name: str
    url: str
    pids: tuple[int, ...]  # processes whose CPU counts, with their children
    headers: tuple[str, ...] = ()
    script: str = ""
    cpu: list[float] = field(default_factory=list)  # milliseconds per request
    rate: list[float] = field(default_factory=list)  # requests per second
    p50: list[float] = field(default_factory=list)  # milliseconds
    p99: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Target:
    """The most that a case may cost: a multiple of a limit, or milliseconds of CPU if there is no limit."""

    name: str
    most: float
    limit: str = ""


TARGETS = (
    Target("article, stored", 1.15, "bare WSGI"),
    Target("304", 1.0, "article, stored"),
    Target("article behind nginx", 1.3, "nginx, static"),
    Target("article behind nginx, kept a second", 1.3, "nginx, static"),
    Target("article, not stored", 2.0, "Flask, one template"),
    Target("list of 12, not stored", 2.5, "Flask, one template"),
    Target("booking accepted", 4.0),
    Target("comment accepted", 3.2),
)


def main() -> int:
    """Measure, print, and write the table. Returns 1 if a target is missed."""
    if not shutil.which("wrk") or not find_nginx():
        sys.exit("wrk or nginx is missing: apt-get install wrk nginx-light")
    with ExitStack() as stack:
        site = stack.enter_context(running_site())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _fill_the_list(site)
        page = folder / "page.html"
        with urllib.request.urlopen(f"{site.url}{ARTICLE}") as answer:
            page.write_bytes(answer.read())
            tag = answer.headers["ETag"]
        web = _gunicorn_below(site.pid)
        cases = []
        for name, app in (("bare WSGI", "bare"), ("Flask, constant", "constant"), ("Flask, one template", "template")):
            port, pid = stack.enter_context(_limit(app, page))
            cases.append(Case(name, f"http://127.0.0.1:{port}/", (pid,)))
        cases += [
            Case("article, stored", f"{site.url}{ARTICLE}", (web,)),
            Case("304", f"{site.url}{ARTICLE}", (web,), (f"If-None-Match: {tag}",)),
            Case("article, not stored", f"{site.url}{ARTICLE}?x=1", (web,)),
            Case("list of 12, not stored", f"{site.url}/articles/?x=1", (web,)),
            Case("booking accepted", f"{site.url}/book/", (web,), script=BOOKING),
            Case("comment accepted", f"{site.url}{ARTICLE}comments", (web,), script=COMMENT),
        ]
        cases += _behind_nginx(stack, site, page, web)
        for number in range(ROUNDS):
            for case in cases:
                _measure(case, folder, number)
        memory = _after_many(cases, site.pid)
        start_up = _start_up(folder / "start")
    return _tell(cases, memory, start_up)


def _fill_the_list(site: Site) -> None:
    """Add articles until one page of the list is full."""
    environ = os.environ | {"INSTANCE_PATH": str(site.instance), "CLINIC_ENV": "test"}
    command = [sys.executable, "-m", "flask", "clinic", "demo", "--articles", "20"]
    subprocess.run(command, env=environ, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _limit(app: str, page: Path) -> Iterator[tuple[int, int]]:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", f"bench.limits:{app}", "--config", "gunicorn.conf.py"]
    environ = os.environ | {"BENCH_PAGE": str(page)}
    process = subprocess.Popen([*command, "--workers", "2", "--bind", f"127.0.0.1:{port}"], env=environ, cwd=ROOT)
    try:
        wait_for(lambda: is_listening(port), f"{app} to listen")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def _gunicorn_below(pid: int) -> int:
    """Return the gunicorn master among the children of a process, found by its title."""
    return next(one for one in _tree(pid) if _read(Path(f"/proc/{one}/cmdline")).startswith("gunicorn: master"))


def _behind_nginx(stack: ExitStack, site: Site, page: Path, web: int) -> list[Case]:
    """Return the cases behind nginx: the bytes from a file, and the article through the sample configuration, uncached
    and cached for a second."""
    port, static = int(site.url.rpartition(":")[2]), free_port()
    server = f"server {{ listen 127.0.0.1:{static}; access_log off; gzip off; root {page.parent}; }}"
    nginx = Nginx((port, port), site.instance, more=server).start()
    stack.callback(nginx.stop)
    caching = Nginx((port, port), site.instance, is_caching=True).start()
    stack.callback(caching.stop)
    return [
        Case("nginx, static", f"http://127.0.0.1:{static}/{page.name}", (nginx.pid,)),
        Case("article behind nginx", f"http://127.0.0.1:{nginx.port}{ARTICLE}", (nginx.pid, web)),
        Case("article behind nginx, kept a second", f"http://127.0.0.1:{caching.port}{ARTICLE}", (caching.pid, web)),
    ]


def _measure(case: Case, folder: Path, number: int) -> None:
    script = folder / "script.lua"
    script.write_text(case.script % number if case.script else "")
    command = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{SECONDS}s", "--latency", "-s", str(script)]
    for header in case.headers:
        command += ["-H", header]
    before = sum(map(_cpu, case.pids))
    said = subprocess.run([*command, case.url], capture_output=True, text=True, check=True).stdout
    taken = sum(map(_cpu, case.pids)) - before
    requests = int(_find(r"(\d+) requests in", said))
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    if wrong or "Socket errors" in said:
        print(f"{case.name}: {wrong[0] if wrong else 'socket errors'}", file=sys.stderr)
    case.cpu.append(taken * 1000 / requests)
    case.rate.append(float(_find(r"Requests/sec:\s+([\d.]+)", said)))
    case.p50.append(_milliseconds(_find(r"\n +50% +(\S+)", said)))
    case.p99.append(_milliseconds(_find(r"\n +99% +(\S+)", said)))


def _find(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if not match:
        raise ValueError(f"wrk did not say {pattern}: {text}")
    return match[1]


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def _tree(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    parents = {int(entry.name): _parent(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdecimal()}
    tree = [pid]
    for one in tree:
        tree += [child for child, parent in parents.items() if parent == one]
    return tree


def _cpu(pid: int) -> float:
    """Return the CPU seconds used by the process tree, including finished children."""
    return sum(sum(int(word) for word in _stat(one)[11:15]) for one in _tree(pid)) / TICKS


def _memory(pid: int) -> float:
    """Return the memory of the process tree in megabytes: private pages, and the share of shared ones (PSS)."""
    rollups = (_read(Path(f"/proc/{one}/smaps_rollup")) for one in _tree(pid))
    return sum(int(match[1]) for text in rollups if (match := re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE))) / 1024


def _after_many(cases: list[Case], pid: int) -> list[float]:
    """Return the memory of the tree in megabytes after half of the further requests, and after all."""
    reading = [case for case in cases if case.name.startswith("article")]
    memory = []
    for most in (MANY_REQUESTS // 2, MANY_REQUESTS):
        done = 0
        while done < most:
            for case in reading:
                said = subprocess.run(
                    ["wrk", "-t1", "-c8", "-d3s", case.url], capture_output=True, text=True, check=True
                )
                done += int(_find(r"(\d+) requests in", said.stdout))
        memory.append(_memory(pid))
    return memory


def _start_up(folder: Path) -> float:
    """Return the seconds from start to first response on the third start of a site, median of five."""
    taken, quiet = [], subprocess.DEVNULL
    port = free_port()
    environ = os.environ | {"INSTANCE_PATH": str(folder), "PORT": str(port), "SITE_URL": ""}
    for _ in range(7):
        began = time.perf_counter()
        command = [sys.executable, "-m", "clinic.serve"]
        with subprocess.Popen(command, env=environ, cwd=ROOT, stdout=quiet, stderr=quiet) as process:
            while not is_listening(port):
                time.sleep(0.02)
            urllib.request.urlopen(f"http://127.0.0.1:{port}/").read()
            taken.append(time.perf_counter() - began)
            process.terminate()
    return statistics.median(taken[2:])


def _parent(pid: int) -> int:
    return int((_stat(pid) or ["0", "0"])[1])


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/pid/stat after the name: state, parent, … (proc(5))."""
    return _read(Path(f"/proc/{pid}/stat")).rpartition(") ")[2].split()


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # the process has ended
        return ""


def _tell(cases: list[Case], memory: list[float], start_up: float) -> int:
    costs = {case.name: statistics.median(case.cpu) for case in cases}
    lines = [
        f"{ROUNDS} rounds of {SECONDS} s, {CLIENTS} clients, wrk, 2 workers of 4 threads, SQLite.",
        "",
        "| what | CPU ms | requests/s | p50 ms | p99 ms | target | reached |",
        "|---|---|---|---|---|---|---|",
    ]
    targets = {target.name: target for target in TARGETS}
    is_good = True
    for case in cases:
        cost, goal, reached = costs[case.name], "", ""
        if target := targets.get(case.name):
            measure = cost / costs[target.limit] if target.limit else cost
            is_good &= measure <= target.most
            goal = f"{target.most} × {target.limit}" if target.limit else f"{target.most} ms"
            reached = f"{measure:.2f}{'' if measure <= target.most else ' (missed)'}"
        rate, p50, p99 = (statistics.median(values) for values in (case.rate, case.p50, case.p99))
        lines.append(f"| {case.name} | {cost:.2f} | {rate:.0f} | {p50:.1f} | {p99:.1f} | {goal} | {reached} |")
    half, all_of_them = memory
    lines += [
        "",
        _single(f"memory of all processes after {MANY_REQUESTS:,} requests more, MB (PSS)", all_of_them, MOST_MEMORY),
        _single("the same as a multiple of what it was after half of them", all_of_them / half, MOST_GROWTH),
        _single("start-up, warm, to the first answer, s", start_up, MOST_START_UP),
    ]
    is_good &= "(missed)" not in "".join(lines[-3:])
    text = "\n".join(lines)
    print(text)
    RESULTS.write_text(f"# What a page costs\n\nWritten by `make bench`.\n\n{text}\n", encoding="utf-8")
    return 0 if is_good else 1


def _single(what: str, value: float, most: float) -> str:
    return f"- {what}: {value:.2f}, target {most}{'' if value <= most else ' (missed)'}"


if __name__ == "__main__":
    sys.exit(main())
