#!/usr/bin/env python3
"""A whole service over a lab, for fuzz_api.py: findings, probes, tokens, schedules, receivers.

Says in one line of JSON where it is, who may ask and what there is, and ends with standard input.
Exits with 77 where no lab can be built here.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

BIN = os.environ["REACHPROOF_BIN_DIR"]
EXAMPLE = pathlib.Path(__file__).resolve().parents[3] / "examples" / "quickstart"
ENGAGEMENTS = """version: 1
engagements:
  - { id: e1, owner: ada, contact: soc, approvers: [admin, maya], segments: [office, app, data],
      starts: 2026-01-01, ends: 2099-01-01 }
  - { id: e2, owner: ada, contact: soc, approvers: [admin], segments: [office],
      starts: 2026-01-01, ends: 2099-01-01 }
"""


def tool(folder, *arguments, program="reachproof"):
    done = subprocess.run([f"{BIN}/{program}", *arguments], cwd=folder, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, check=False)
    if done.returncode not in (0, 3):
        raise SystemExit(f"{program} {arguments}: {done.returncode} {done.stdout} {done.stderr}")
    return done.stdout


class Service:
    def __init__(self, folder):
        self.folder = folder
        self.log = folder / "serve.err"
        scenario = (EXAMPLE / "scenario.yaml").read_text()
        scenario += 'schedules:\n  night: { cron: "0 1 * * *" }\n  noon: { cron: "0 12 * * *", priority: high }\n'
        (folder / "scenario.yaml").write_text(scenario)
        (folder / "engagements.yaml").write_text(ENGAGEMENTS)
        (folder / "orchestrator.yaml").write_text(
            "version: 1\nstate: state\nscenario: scenario.yaml\ninventory: inventory.yaml\nport: 0\n"
            "api: { port: 0 }\nengagements: engagements.yaml\nnotify:\n  - { name: siem, ocsf: findings.ndjson }\n")
        self.process = subprocess.Popen([f"{BIN}/reachproof", "serve", "--config", "orchestrator.yaml"], cwd=folder,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=self.log.open("w"))
        text = self.until("people at http://127.0.0.1:")
        self.port = int(re.search(r"people at http://127.0.0.1:(\d+)", text)[1])
        setup = re.search(r"rps_\S+", text)[0]
        self.admin = self.ask("POST", "/api/v1/setup", {"setup_token": setup, "name": "admin"}, None)["token"]

    def until(self, what, seconds=30):
        for _ in range(seconds * 20):
            if what in self.log.read_text():
                return self.log.read_text()
            time.sleep(0.05)
        raise SystemExit(f"the service never said {what!r}: {self.log.read_text()}")

    def ask(self, method, path, body=None, token="admin"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"} if body is not None else {})
        if token:
            request.add_header("Authorization", f"Bearer {self.admin}")
        with urllib.request.urlopen(request, timeout=20) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def ids(self, path, field="id"):
        return [item[field] for item in self.ask("GET", path)["items"]]

    def fill(self):
        self.ask("POST", "/api/v1/engagements/e1:approve", {})
        run = self.ask("POST", "/api/v1/runs", {"reason": "to have one"})["id"]
        self.until(f"run finished: {run}")
        self.until("finding opened")
        second = self.ask("POST", "/api/v1/runs", {"only": ["F"]})["id"]
        self.until(f"run finished: {second}")
        for number, segment in enumerate(["office", "app", "data"] * 3):
            token = tool(self.folder, "probe", "token", "create", "--segment", segment, "--name", f"p{number}",
                         "--state", "state").split()[-1]
            tool(self.folder, "join", token, "--state", f"p{number}", program="reachproof-probe")
        tokens = {"admin": self.admin}
        for role in ["viewer", "auditor", "operator", "policy-editor", "approver"]:
            for segments in [[], ["office"]]:
                made = self.ask("POST", "/api/v1/tokens",
                                {"name": role, "roles": [role], "segments": segments, "ttl_s": 86400})
                tokens[" ".join([role, *segments])] = made["token"]
        for _ in range(100):
            deliveries = self.ids("/api/v1/integrations/siem/deliveries")
            if deliveries:
                break
            time.sleep(0.05)
        known = {
            "/api/v1/tokens/{id}": [],
            "/api/v1/probe-tokens/{id}": self.ids("/api/v1/probe-tokens"),
            "/api/v1/findings/{id}": self.ids("/api/v1/findings"),
            "/api/v1/probes/{id}": self.ids("/api/v1/probes"),
            "/api/v1/runs/{id}": [run, second, "latest"],
            "/api/v1/runs/{a}": [run, second],
            "/api/v1/runs/{a}/diff/{b}": [run, second],
            "/api/v1/runs/{id}/verdicts/{check}": ["X1%2Fstaff%2Fdatabase%2Ftcp%2F22"],
            "/api/v1/engagements/{id}": ["e1", "e2"],
            "/api/v1/schedules/{name}": ["night", "noon"],
            "/api/v1/integrations/{name}": ["siem"],
            "/api/v1/integrations/{name}/deliveries/{delivery}": deliveries,
            "/api/v1/evidence/records/{index}": ["0", "1", "2"],
            "/api/v1/evidence/proofs/{index}": ["0", "1", "2"],
        }
        # What depends on a moment: a run under way, a probe that is not banned yet, a stop in force.
        chancy = [["/api/v1/runs", "post"], ["/api/v1/runs/{id}:cancel", "post"],
                  ["/api/v1/probes/{id}:approve", "post"], ["/api/v1/probes/{id}:drain", "post"],
                  ["/api/v1/engagements/{id}:approve", "post"], ["/api/v1/findings/{id}:ack", "post"],
                  ["/api/v1/tokens/{id}", "delete"]]
        return {"port": self.port, "tokens": tokens, "known": known, "chancy": chancy, "bad": 0,
                "texts": ["office", "app", "data", "night", "siem"]}

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        return self.process.returncode


def main():
    root = os.geteuid() == 0
    probe = subprocess.run(["unshare", "-n" if root else "-Urn", "true"], check=False, capture_output=True)
    if probe.returncode != 0:
        print("no lab can be built on this machine", file=sys.stderr)
        return 77
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        lab = (EXAMPLE / "lab.yaml").read_text().replace("name: quickstart\n", f"name: z{os.getpid()}\n")
        (folder / "lab.yaml").write_text(lab)
        tool(folder, "lab", "up", "lab.yaml", "--inventory", "inventory.yaml")
        service = None
        try:
            service = Service(folder)
            print(json.dumps(service.fill()), flush=True)
            sys.stdin.read()
        finally:
            code = service.end() if service else 1
            tool(folder, "lab", "down", "lab.yaml")
        verified = subprocess.run([f"{BIN}/reachproof", "evidence", "verify", "-e", "state/evidence.db"], cwd=folder,
                                  capture_output=True, text=True, check=False)
        if verified.returncode != 0:
            print("the evidence does not verify:", verified.stdout, verified.stderr, file=sys.stderr)
            return 1
        if code != 0:
            print(f"the service ended with {code}:", service.log.read_text()[-2000:], file=sys.stderr)
        return 0 if code == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
