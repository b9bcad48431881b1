#!/usr/bin/env python3
"""Holds a running API against its OpenAPI file.

Makes requests from the file, good ones and broken ones, and checks every answer: no 5xx, no status
that the file does not name, no body that its schema does not allow, every error a problem document.
What the file forbids must be refused, and what it allows must not be called malformed. Prints its
seed; REACHPROOF_SEED and REACHPROOF_ROUNDS repeat a run, or make a longer one.
"""

import copy
import http.client
import json
import os
import random
import re
import subprocess
import sys
import time
import urllib.parse

import jsonschema

KNOWN = {
    "/api/v1/tokens/{id}": [],
    "/api/v1/probe-tokens/{id}": ["join-red", "join-blue"],
    "/api/v1/findings/{id}": ["finding-red", "finding-blue", "finding-both"],
    "/api/v1/probes/{id}": ["probe-red", "probe-blue"],
    "/api/v1/runs/{id}": ["run-red", "run-blue", "run-both", "latest"],
    "/api/v1/runs/{a}": ["run-red", "run-both"],
    "/api/v1/engagements/{id}": ["engagement-red", "engagement-blue"],
    "/api/v1/schedules/{name}": ["red", "blue"],
    "/api/v1/integrations/{name}": ["red", "blue", "everyone"],
    "/api/v1/evidence/records/{index}": ["0", "1", "2"],
    "/api/v1/evidence/proofs/{index}": ["0", "1", "2"],
}
JUNK = ["nothing", "..", "%2e%2e", "%00", "a%2Fb", "%", "%zz", "'", "x" * 129, "99999999999999999999", "-1",
        "%C3%A9", "a:b", "{id}", "*", "a b".replace(" ", "%20")]
TEXTS = ["", "x", "red", "blue", "a b", "é", "'\"<>&", "../../etc/passwd", "\u0000", "line\nbreak", "x" * 150,
         "y" * 5000, "null", "0", "run", "run,probe", "rps_" + "A" * 43]


class Fuzzer:
    def __init__(self, file, where, seed):
        self.file, self.port, self.tokens = file, where["port"], where["tokens"]
        self.known = where.get("known", KNOWN)  # ids of what there is, by the path up to them
        self.texts = TEXTS + where.get("texts", [])
        self.chancy = {tuple(each) for each in where.get("chancy", [])}  # need not succeed once
        # Percent of requests with a token that is none; with 0 no setup token is guessed at either,
        # because a whole service stops to listen to whoever guesses on.
        self.bad = where.get("bad", 5)
        self.random = random.Random(seed)
        self.validators = {}
        self.connection = None
        self.made = []  # ids of tokens that we made ourselves, and may revoke
        self.succeeded = set()
        self.faults = []
        self.statuses = {}  # how often each was answered, by operation

    # The file.
    def resolved(self, item):
        while "$ref" in item:
            place = self.file
            for name in item["$ref"].removeprefix("#/").split("/"):
                place = place[name]
            item = place
        return item

    def validator(self, schema):
        key = json.dumps(schema, sort_keys=True)
        if key not in self.validators:
            whole = {**schema, "components": self.file["components"]}  # where its references lead
            self.validators[key] = jsonschema.Draft202012Validator(whole)
        return self.validators[key]

    # Values.
    def value(self, schema):
        schema = self.resolved(schema)
        pick = self.random
        if "enum" in schema:
            return pick.choice(schema["enum"])
        kind = schema.get("type")
        if kind == "object":
            required = schema.get("required", [])
            return {name: self.value(part) for name, part in schema.get("properties", {}).items()
                    if name in required or pick.random() < 0.5}
        if kind == "array":
            items = [self.value(schema["items"]) for _ in range(pick.randint(schema.get("minItems", 0), 3))]
            return [item for i, item in enumerate(items) if item not in items[:i]]
        if kind == "integer":
            least, most = schema.get("minimum", 0), schema.get("maximum", 1000)
            return pick.choice([least, most, pick.randint(least, most)])
        if kind == "boolean":
            return pick.random() < 0.5
        fitting = [text for text in self.texts if self.validator(schema).is_valid(text)]
        return pick.choice(fitting) if fitting else "x"

    def broken(self, value):
        pick = self.random
        value = copy.deepcopy(value)
        way = pick.randrange(6)
        if way == 0 or not isinstance(value, dict):
            return pick.choice([None, [], 1, "x", True, 1.5, [[[[[[[[[[[1]]]]]]]]]]], {"a": {"b": {"c": [1]}}}])
        if way == 1:
            value[pick.choice(["unknown", "", "a/b", "~", "id", "é"])] = 1
        elif value and way == 2:
            del value[pick.choice(list(value))]
        elif value and way == 3:
            value[pick.choice(list(value))] = pick.choice([None, 1, -1, 1.5, True, [], {}, "x", 10**30])
        elif value and way == 4:
            value[pick.choice(list(value))] = pick.choice(TEXTS)
        elif value:
            value[pick.choice(list(value))] = [pick.choice(TEXTS) for _ in range(pick.choice([1, 2, 150]))]
        return value

    def body(self, operation):
        """Bytes, and whether the file allows them; None where that is not for the file to say."""
        content = operation.get("requestBody")
        if content is None:
            return (b"", True) if self.random.random() < 0.95 else (b"{}", False)
        schema = content["content"]["application/json"]["schema"]
        chance = self.random.random()
        if chance < 0.05:
            return self.random.choice([(b"{", False), (b"\xff\xfe", False), (b"[" * 5000, False),
                                       (b'{"a":"\xff"}', False), (b"", not content["required"])])
        value = self.value(schema)
        if chance > 0.55:
            value = self.broken(value)
        return json.dumps(value).encode(), self.validator(schema).is_valid(value)

    # Requests.
    def path(self, pattern):
        known = True

        def fill(found):
            nonlocal known
            stem = pattern[: found.end()]
            pool = self.known.get(stem, ["d-1", "run-both"])
            if stem == "/api/v1/tokens/{id}":
                pool = [self.made.pop()] if self.made else []
            if pool and self.random.random() < 0.75:
                return self.random.choice(pool)
            known = False
            return self.random.choice(JUNK)

        return re.sub(r"{\w+}", fill, pattern), known

    def query(self, operation):
        pairs, allowed = [], True
        for parameter in map(self.resolved, operation["parameters"]):
            if parameter["in"] != "query" or self.random.random() < 0.6:
                continue
            schema = parameter["schema"]
            if parameter["name"] == "cursor":
                pairs.append(("cursor", self.random.choice(["", "x", "cHJvYmVzCnByb2JlLWJsdWU", "\u0000"])))
                allowed = None
                continue
            value = self.value(schema)
            if self.random.random() < 0.3:
                value = self.random.choice(TEXTS + [0, -1, 501, 10**30])
                typed = int(value) if schema.get("type") == "integer" and re.fullmatch(r"-?\d+", str(value)) else value
                # Texts of any kind may be looked for; whether they can stand in a URL is another matter.
                allowed = allowed and (None if schema.get("type") == "string" and "enum" not in schema
                                       else self.validator(schema).is_valid(typed))
            pairs.append((parameter["name"], str(value)))
        if self.random.random() < 0.05:
            pairs.append(("unknown", "1"))
            allowed = False
        if pairs and self.random.random() < 0.05:
            pairs.append(pairs[0])
            allowed = False
        return urllib.parse.urlencode(pairs), allowed

    def headers(self, body, method):
        pick, headers, plain = self.random, {}, True
        who = pick.choices(["admin", "other", "none", "bad"], [75, 15, 5, self.bad])[0]
        if who == "admin":
            headers["Authorization"] = "Bearer " + self.tokens["admin"]
        elif who == "other":
            headers["Authorization"] = "Bearer " + self.tokens[pick.choice(sorted(self.tokens))]
        elif who == "bad":
            headers["Authorization"] = pick.choice(["Bearer", "Basic eDp5", "Bearer rpt_abcdefgh_x", "Bearer \xff", ","])
        if body:
            headers["Content-Type"] = "application/json"
            if pick.random() < 0.03:
                headers["Content-Type"] = pick.choice(["text/plain", "", "application/jsonx", ";"])
                plain = False
        if pick.random() < 0.1:
            headers["Accept"] = pick.choice(["*/*", "application/json", "text/html", "application/*;q=0", ",,;q=", "text/*"])
            plain = False
        if pick.random() < 0.1:
            headers["X-Request-Id"] = pick.choice(["r1", "x" * 100, "a b", "\xff"])
        if method == "post" and pick.random() < 0.1:
            headers["Idempotency-Key"] = pick.choice(["k1", "k2", "", "a b", "x" * 200])
            plain = False
        return headers, who == "admin" and plain

    def send(self, method, target, body, headers):
        for _ in range(2):
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                self.connection.request(method.upper(), target, body or None, headers)
                answer = self.connection.getresponse()
                if answer.getheader("Content-Type") == "text/event-stream" and method != "head":
                    self.connection.close()
                    self.connection = None
                    return answer, b""
                return answer, answer.read()
            except (http.client.BadStatusLine, ConnectionError):
                self.connection = None
        raise SystemExit(f"no answer to {method} {target}")

    # Checks.
    def complain(self, what, method, target, body, answer, data):
        self.faults.append(f"{what}\n  {method.upper()} {target}\n  {body[:300]!r}\n  -> {answer.status} {data[:500]!r}")

    def check(self, pattern, method, operation, target, body, answer, data):
        def complain(what):
            self.complain(what, method, target, body, answer, data)
        if answer.status >= 500:
            return complain("a 5xx")
        described = operation["responses"].get(str(answer.status))
        if described is None:
            return complain("a status that is not in the file")
        described = self.resolved(described)
        kind = (answer.getheader("Content-Type") or "").split(";")[0]
        content = described.get("content", {})
        if not content:
            return complain("a body where there should be none") if data else None
        if kind not in content:
            return complain(f"a content type that is not in the file: {kind}")
        if answer.status >= 400 and kind != "application/problem+json":
            return complain("an error that is no problem document")
        if not kind.endswith("json") or method == "head":
            return None
        try:
            self.validator(content[kind]["schema"]).validate(json.loads(data))
        except (ValueError, jsonschema.ValidationError) as error:
            complain(f"a body that is not as its schema: {str(error)[:300]}")
        return None

    def round(self, pattern, method, operation):
        target, known = self.path(pattern)
        query, query_allowed = self.query(operation)
        body, body_allowed = self.body(operation)
        headers, plain = self.headers(body, method)
        if query:
            target += "?" + query
        if "%" in target and " " in target:
            target = target.replace(" ", "%20")
        answer, data = self.send(method, target, body, headers)
        counts = self.statuses.setdefault((pattern, method), {})
        counts[answer.status] = counts.get(answer.status, 0) + 1
        if not known and answer.status in (404, 405):
            return  # junk may not even be a path of ours
        self.check(pattern, method, operation, target, body, answer, data)
        if answer.status < 300:
            self.succeeded.add((pattern, method))
            if pattern == "/api/v1/tokens" and method == "post" and body_allowed:
                self.made.append(json.loads(data)["id"])
            if body_allowed is False or query_allowed is False:
                self.complain("what the file forbids was accepted", method, target, body, answer, data)
        malformed = answer.status in (400, 422)
        if plain and known and malformed and body_allowed and query_allowed:
            self.complain("what the file allows was called malformed", method, target, body, answer, data)

    def beside(self):
        """Paths and methods that are not in the file."""
        method = self.random.choice(["get", "put", "patch", "delete", "options", "trace", "post"])
        target = self.random.choice(["/", "/api", "/api/v2/runs", "/api/v1/", "/api/v1/runs/", "//", "/%00", "/api/v1/stop:",
                                     "/api/v1/stop:start", "/api/v1/probes", "/" + "a/" * 50, "/?" + "a=1&" * 50])
        headers, _ = self.headers(b"", method)
        answer, data = self.send(method, target, b"", headers)
        if answer.status >= 500:
            self.complain("a 5xx", method, target, b"", answer, data)
        elif answer.status >= 400 and answer.getheader("Content-Type") != "application/problem+json":
            self.complain("an error that is no problem document", method, target, b"", answer, data)
        if answer.status == 405 and not answer.getheader("Allow"):
            self.complain("a 405 without Allow", method, target, b"", answer, data)

    def run(self, rounds):
        operations = [(pattern, method, operation) for pattern, methods in self.file["paths"].items()
                      for method, operation in methods.items() if self.bad or pattern != "/api/v1/setup"]
        for count in range(rounds):
            pattern, method, operation = operations[count % len(operations)]
            if method == "get" and self.random.random() < 0.05:
                method = "head"
            self.round(pattern, method, operation)
            if count % 20 == 0:
                self.beside()
            if len(self.faults) > 20:
                break
        missed = {(p, m) for p, m, _ in operations} - self.succeeded - {("/api/v1/setup", "post")} - self.chancy
        for pattern, method in sorted(missed):
            self.faults.append(f"never once succeeded, so it was not tested: {method.upper()} {pattern}: "
                               f"{self.statuses.get((pattern, method))}")


def main():
    server, file = sys.argv[1:3]
    seed = int(os.environ.get("REACHPROOF_SEED", time.time_ns() % 2**32))
    rounds = int(os.environ.get("REACHPROOF_ROUNDS", 4000))
    print(f"REACHPROOF_SEED={seed}", flush=True)
    with open(file, encoding="utf-8") as text:
        document = json.load(text)
    process = subprocess.Popen([server], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        line = process.stdout.readline()
        if not line:
            return process.wait(60)
        fuzzer = Fuzzer(document, json.loads(line), seed)
        fuzzer.run(rounds)
        if process.poll() is not None:
            fuzzer.faults.append(f"the server ended: {process.returncode}")
    finally:
        process.stdin.close()
        code = process.wait(60)
    for fault in fuzzer.faults:
        print(fault)
    print(f"{rounds} requests, {len(fuzzer.succeeded)} operations succeeded, {len(fuzzer.faults)} faults")
    return 1 if fuzzer.faults or code != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
