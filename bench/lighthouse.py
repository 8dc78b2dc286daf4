"""Lighthouse results of four pages of the demo site on a slow phone, next to their targets. Run by `make bench`.

Throttling is simulated, the default: results are computed for a slow phone from the measurement, so a busy machine
disturbs them little. The median of several runs counts.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.journeys.browser import ARTICLE, CHROMIUM_ARGS, Site, running_site
from tests.services import find_chromium

RUNS = 3
TRIES = 3
PAGES = {"home": "/", "article": ARTICLE, "list": "/articles/", "booking form": "/book/"}
CLI = Path(__file__).parent / "node_modules" / "lighthouse" / "cli" / "index.js"
CHROME_FLAGS = ["--headless=new", *CHROMIUM_ARGS]


@dataclass(frozen=True)
class Measure:
    """One figure of a page, with its format and target; `only_of` names the one page that has the target."""

    name: str
    form: str
    target: str
    is_good: Callable[[float], bool]
    only_of: str = ""


def at_least(least: float) -> Callable[[float], bool]:
    """Return a target that is a minimum."""
    return lambda value: value >= least


def at_most(most: float) -> Callable[[float], bool]:
    """Return a target that is a maximum."""
    return lambda value: value <= most


MEASURES = (
    Measure("performance", "{:.0f}", "≥ 98", at_least(98)),
    Measure("accessibility", "{:.0f}", "100", at_least(100)),
    Measure("best practices", "{:.0f}", "100", at_least(100)),
    Measure("SEO", "{:.0f}", "100", at_least(100)),
    Measure("LCP, s", "{:.2f}", "< 1.5", lambda value: value < 1.5),
    Measure("CLS", "{:.3f}", "0", at_most(0)),
    Measure("TBT, ms", "{:.0f}", "", at_least(0)),
    Measure("kB, without pictures", "{:.1f}", "≤ 60 for the article", at_most(60), only_of="article"),
    Measure("kB, all", "{:.1f}", "", at_least(0)),
    Measure("requests, without pictures", "{:.0f}", "≤ 8 for the article", at_most(8), only_of="article"),
    Measure("requests, all", "{:.0f}", "", at_least(0)),
    Measure("requests to others", "{:.0f}", "0", at_most(0)),
    Measure("cookies", "{:.0f}", "0", at_most(0)),
)


def main() -> int:
    """Print a row for each measure, and the audits that cost points. Returns 1 if a target is missed."""
    if not find_chromium():
        sys.exit("Chromium is missing: `make test` gets it")
    with running_site() as site:
        reports = {name: _middle_report(site.url + path) for name, path in PAGES.items()}
        found = {name: _measures(report, site) for name, report in reports.items()}
    is_good = True
    print(f"\n{'':<28}{''.join(f'{name:>14}' for name in PAGES)}   target")
    for measure in MEASURES:
        cells = ""
        for name, values in found.items():
            value = values[measure.name]
            is_missed = measure.only_of in ("", name) and not measure.is_good(value)
            is_good &= not is_missed
            cells += f"{'* ' * is_missed + measure.form.format(value):>14}"
        print(f"{measure.name:<28}{cells}   {measure.target}")
    for name, report in reports.items():
        for line in _faults(report):
            print(f"{name}: {line}")
    print("Not measured on http://127.0.0.1: HTTPS, HSTS, HTTP/2. Lighthouse treats this address as secure.")
    print("All targets are met." if is_good else "* A target is missed.")
    return 0 if is_good else 1


def _middle_report(url: str) -> dict[str, Any]:
    print(f"Lighthouse looks at {url}", flush=True)
    reports = [_report(url) for _ in range(RUNS)]
    return sorted(reports, key=lambda one: one["audits"]["largest-contentful-paint"]["numericValue"])[RUNS // 2]


def _report(url: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="clinic-lighthouse-") as folder:
        path = Path(folder) / "report.json"
        flags = shlex.join([*CHROME_FLAGS, f"--user-data-dir={folder}/profile"])
        command = ["node", str(CLI), url, "--quiet", "--output=json", f"--output-path={path}"]
        environ = os.environ | {"CHROME_PATH": find_chromium() or ""}
        # Sometimes no trace is recorded (NO_NAVSTART), and Lighthouse asks to be run again.
        for attempt in range(1, TRIES + 1):
            whole = [*command, "--no-enable-error-reporting", f"--chrome-flags={flags}"]
            if subprocess.run(whole, env=environ, check=attempt == TRIES).returncode == 0:
                break
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if error := report.get("runtimeError"):
        raise RuntimeError(f"{url}: {error['message']}")
    return report


def _measures(report: dict[str, Any], site: Site) -> dict[str, float]:
    audits, scores = report["audits"], report["categories"]
    requests = [one for one in audits["network-requests"]["details"]["items"] if one["url"].startswith("http")]
    own = [one for one in requests if urlsplit(one["url"]).netloc == urlsplit(site.url).netloc]
    others = [one for one in requests if one.get("resourceType") != "Image"]
    return {
        "performance": _score(scores["performance"]),
        "accessibility": _score(scores["accessibility"]),
        "best practices": _score(scores["best-practices"]),
        "SEO": _score(scores["seo"]),
        "LCP, s": audits["largest-contentful-paint"]["numericValue"] / 1000,
        "CLS": audits["cumulative-layout-shift"]["numericValue"],
        "TBT, ms": audits["total-blocking-time"]["numericValue"],
        "kB, without pictures": sum(one["transferSize"] for one in others) / 1000,
        "kB, all": sum(one["transferSize"] for one in requests) / 1000,
        "requests, without pictures": len(others),
        "requests, all": len(requests),
        "requests to others": len(requests) - len(own),
        "cookies": sum(_sets_cookie(one["url"]) for one in own),
    }


def _score(category: dict[str, Any]) -> float:
    return float(category["score"] or 0) * 100


def _sets_cookie(url: str) -> bool:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return "Set-Cookie" in answer.headers


def _faults(report: dict[str, Any]) -> list[str]:
    """Return the audits that cost points, in Lighthouse's words."""
    faults = []
    for category in report["categories"].values():
        for ref in category["auditRefs"]:
            audit = report["audits"][ref["id"]]
            if ref["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                faults.append(f"{category['title']}: {audit['title']} {audit.get('displayValue', '')}".rstrip())
    return faults


if __name__ == "__main__":
    sys.exit(main())
