#!/usr/bin/env python3
"""Two foreign programs against a collector with accounts, as each role: schemathesis sends what the
interface describes and what it does not, sqlmap tries to get behind parameters and bodies.

Usage: run.py COLLECTOR [--examples 15] [--level 1]; the programs are found on the path or beside this Python.
Everything is on loopback and in a folder that goes. Ends with 1 when either found something."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "le fleuve monte en mai"
ROLES = {
    "administrator": [],
    "engineer": ["--region", "Brazzaville"],
    "planner": [],
    "contractor": ["--contractor", "Opérateur A"],
    "technician": ["--site", "own-school"],
    "auditor": [],
}
SITES = """id,name,kind,latitude,longitude,place,region,operator,invented
own-school,École d'essai,school,-4.2658,15.2832,Brazzaville,Brazzaville,Opérateur A,true
other-court,Tribunal d'essai,court,-4.7761,11.8635,Pointe-Noire,Pointe-Noire,Opérateur B,true
"""
AGREEMENT = """id = "own"
version = 1
title = "Lot own"
valid_from = "2020-01-01"
time_zone = "Africa/Brazzaville"
sites = ["own-school"]
parties = { customer = "Ministère", contractor = "Opérateur A" }
objective = { availability_percent = "99.5" }
test = { targets = ["essai"] }
[[target]]
id = "essai"
measure = { icmp = { host = "192.0.2.1", packets = 5, timeout_ms = 1000, payload_bytes = 0 } }
"""
# The guest would sign itself out, or change what it signs in with; a stream of events never ends.
LEFT_OUT = r"^/api/v1/(session|events|people/)"
# Parameters and bodies that reach a database.
QUERIES = [
    "/api/v1/sites?query=a&kind=school&state=up&region=Brazzaville&operator=A&limit=5&cursor=own-school",
    "/api/v1/outages?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z&site=own-school&cause=upstream&open=true"
    "&region=Brazzaville&operator=A&kind=school&limit=5&cursor=1@1",
    "/api/v1/outages/groups?region=Brazzaville&operator=A&kind=school&site=own-school",
    "/api/v1/agents?query=a&sort=site&limit=5",
    "/api/v1/audit?query=a&limit=5",
    "/api/v1/sign-ins?limit=5",
    "/api/v1/map/sites?ids=%5B%22own-school%22%5D",
    "/api/v1/sites/own-school*?x=1",
    "/api/v1/sites/own-school/history?target=essai&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z",
    "/api/v1/agreements/own*/months?x=1",
    "/ogc/collections/sites/items?bbox=15,-5,16,-4&limit=5&offset=1",
]
BODIES = [
    ("/api/v1/session", {"person": "amina", "password": "not the password"}),
    ("/api/v1/invitations/look", {"secret": "x"}),
    (
        "/api/v1/agreements/own/exclusions",
        {
            "from": "2026-01-01T00:00:00Z",
            "to": "2026-01-01T01:00:00Z",
            "class": "maintenance",
            "kind": "other",
            "reason": "a",
            "site": "own-school",
        },
    ),
    ("/api/v1/tokens", {"name": "a", "role": "planner", "days": 1}),
]


def program(name):
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else shutil.which(name)


class Collector:
    """A collector with an account of each role, signed in."""

    def __init__(self, binary, folder):
        self.binary, self.data = binary, str(folder / "collector")
        (folder / "sites.csv").write_text(SITES)
        (folder / "agreement.toml").write_text(AGREEMENT)
        self.command("import", "sites", str(folder / "sites.csv"), "--apply")
        self.command("agreements", "add", str(folder / "agreement.toml"))
        self.process = subprocess.Popen(
            [binary, "serve", "--data", self.data, "--agents", "127.0.0.1:0", "--web", "127.0.0.1:0"],
            stdout=subprocess.PIPE,
            stderr=open(folder / "log", "w"),
            text=True,
        )
        self.log = folder / "log"
        self.web = json.loads(self.process.stdout.readline())["web"]
        self.headers = {role: self.sign_in(role, more) for role, more in ROLES.items()}

    def command(self, *arguments):
        return subprocess.run(
            [self.binary, *arguments, "--data", self.data], check=True, capture_output=True, text=True
        ).stdout

    def ask(self, path, body, headers=()):
        request = urllib.request.Request(self.web + path, json.dumps(body).encode(), method="POST")
        request.add_header("Content-Type", "application/json")
        return urllib.request.urlopen(request)

    def sign_in(self, role, more):
        said = json.loads(self.command("users", "add", role, "--name", role, "--role", role, *more))
        secret = said["link"].rsplit("/", 1)[1]
        self.ask("/api/v1/invitations/accept", {"secret": secret, "password": PASSWORD})
        answer = self.ask("/api/v1/session", {"person": role, "password": PASSWORD})
        cookies = [text.split(";")[0] for text in answer.headers.get_all("Set-Cookie")]
        csrf = json.load(answer)["csrf"]
        return {"Cookie": "; ".join(cookies), "x-desserte-csrf": csrf}

    def stop(self):
        self.process.terminate()
        self.process.wait()


def described(collector, examples):
    """Answers that no role may get: 5xx, and statuses that the interface does not name."""
    found = program("schemathesis")
    if not found:
        print("schemathesis: skipped, it is not installed")
        return 0
    failed = 0
    for role, headers in collector.headers.items():
        told = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
        run = subprocess.run(
            [found, "run", str(ROOT / "docs/openapi.json"), "--url", collector.web, *told]
            + ["--checks", "not_a_server_error,status_code_conformance", "--exclude-path-regex", LEFT_OUT]
            + ["--phases", "examples,coverage,fuzzing", "--max-examples", str(examples), "--no-shrink", "--seed", "1"]
            + ["--suppress-health-check", "all", "--warnings", "off", "--continue-on-failure", "--request-timeout", "35"],
            capture_output=True,
            text=True,
            cwd=collector.data,
        )
        counted = re.findall(r"(?:\d+ generated.*|Test cases:.*|\d+ passed.*|Operations:.*)", run.stdout)
        print(f"schemathesis as {role}: exit {run.returncode}; {' '.join(one.strip() for one in counted)}")
        if run.returncode:
            failed += 1
            print(run.stdout[-6000:], run.stderr[-2000:])
    return failed


def injected(collector, level):
    """Parameters behind which sqlmap finds a database."""
    found = program("sqlmap")
    if not found:
        print("sqlmap: skipped, it is not installed")
        return 0
    headers = "\\n".join(f"{name}: {value}" for name, value in collector.headers["administrator"].items())
    common = ["--batch", "--disable-coloring", "--level", str(level), "--risk", "2", "--dbms", "SQLite"]
    common += ["--technique", "BEUS", "--threads", "4", "--timeout", "35", "--flush-session"]
    common += ["--ignore-code", "400,401,403,404,409,413,415,429", "--output-dir", collector.data + "-sqlmap"]
    asked = [(path, None) for path in QUERIES] + BODIES
    failed = 0
    for path, body in asked:
        more = ["--headers", headers]
        if body is not None:
            more = ["--headers", headers + "\\nContent-Type: application/json", "--data", json.dumps(body)]
        run = subprocess.run(
            [found, "-u", collector.web + path, *more, *common], capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        reached = re.search(r"testing (?:URL|if the target|connection)|heuristic|does not seem|not appear", run.stdout)
        hurt = "is vulnerable" in run.stdout or "sqlmap identified the following injection" in run.stdout
        print(f"sqlmap {path}: {'FOUND' if hurt else 'nothing' if reached else 'NOT TRIED'}")
        if hurt or not reached:
            failed += 1
            print(run.stdout[-3000:])
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("collector")
    parser.add_argument("--examples", type=int, default=15)
    parser.add_argument("--level", type=int, default=1)
    parser.add_argument("--only", choices=["described", "injected"])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="desserte-hostile-") as folder:
        collector = Collector(os.path.abspath(asked.collector), Path(folder))
        failed = 0
        try:
            if asked.only != "injected":
                failed += described(collector, asked.examples)
            if asked.only != "described":
                failed += injected(collector, asked.level)
            alive = collector.process.poll() is None
        finally:
            collector.stop()
        log = collector.log.read_text()
        bad = [line for line in log.splitlines() if "panicked" in line or " ERROR " in line]
        print("\n".join(bad[:20]))
        if bad or not alive:
            failed += 1
            print(f"the collector {'panicked or failed' if alive else 'ended'}")
    print("nothing found" if not failed else f"{failed} found something")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
