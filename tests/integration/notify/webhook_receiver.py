#!/usr/bin/env python3
"""A receiver of signed webhooks, which answers as it is told.

usage: webhook_receiver.py PORT SECRET [ANSWER...]

Checks each request as Standard Webhooks say and writes what it saw as a line of JSON. The first
requests get the given answers, those after them 200. An answer is a status, a status with a
header ("429:Retry-After=1"), or "hang".
"""

import base64
import hashlib
import hmac
import http.server
import json
import sys
import threading
import time

TOLERANCE_SECONDS = 300
HANG_SECONDS = 20

secret = base64.b64decode(sys.argv[2].removeprefix("whsec_"))
answers = sys.argv[3:]
lock = threading.Lock()


def is_signed(headers, body):
    """Whether one of the signatures is ours, and fresh."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) < TOLERANCE_SECONDS
    return fresh and expected in headers["webhook-signature"].split(" ")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        with lock:
            answer = answers.pop(0) if answers else "200"
            seen = {
                "path": self.path,
                "answer": answer,
                "signed": is_signed(self.headers, body),
                "id": self.headers["webhook-id"],
                "type": self.headers["content-type"],
                "body": json.loads(body),
            }
            print(json.dumps(seen), flush=True)
        if answer == "hang":
            time.sleep(HANG_SECONDS)
            return
        status, _, header = answer.partition(":")
        self.send_response(int(status))
        if header:
            self.send_header(*header.split("=", 1))
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
