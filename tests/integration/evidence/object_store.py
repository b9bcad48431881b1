#!/usr/bin/env python3
"""A store that never replaces, as S3 and as a plain HTTP server see it, on the loopback address.

usage: object_store.py FOLDER

Below /evidence/ requests must be signed by AWS Signature Version 4, which is calculated here from the
documentation and first held against the example that AWS publishes. Below /keeper/ they must carry
"Authorization: Bearer token". If-None-Match: * is honoured (412). An object that is stored with
x-amz-object-lock-* headers must come with Content-MD5; what it was stored with goes to FOLDER/objects.
"""

import base64
import hashlib
import hmac
import http.server
import json
import pathlib
import re
import sys
import urllib.parse

KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
EMPTY = hashlib.sha256(b"").hexdigest()


def signature(method, path, headers, signed, scope):
    """The signature over a request without a query; headers by their lower-case names."""
    canonical = "\n".join(
        [method, urllib.parse.quote(path), "", *(f"{name}:{headers[name].strip()}" for name in signed), "",
         ";".join(signed), headers["x-amz-content-sha256"]])
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], "/".join(scope),
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + SECRET).encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def hold_against_the_published_example():
    headers = {"host": "examplebucket.s3.amazonaws.com", "range": "bytes=0-9", "x-amz-content-sha256": EMPTY,
               "x-amz-date": "20130524T000000Z"}
    found = signature("GET", "/test.txt", headers, sorted(headers), ["20130524", "us-east-1", "s3", "aws4_request"])
    assert found == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41", found


class Handler(http.server.BaseHTTPRequestHandler):
    objects = {}
    told = None

    def refuse(self, body):
        """Why the request is not allowed, or nothing."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.path.startswith("/keeper/"):
            return None if headers.get("authorization") == "Bearer token" else "no token"
        pattern = r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8}/[a-z0-9-]+/s3/aws4_request), SignedHeaders=(\S+), Signature=([0-9a-f]{64})"
        found = re.fullmatch(pattern, headers.get("authorization", ""))
        if not found or found[1] != KEY_ID:
            return "not signed by this key"
        signed = found[3].split(";")
        unsigned = [name for name in headers if name.startswith("x-amz-") and name not in signed]
        absent = [name for name in signed if name not in headers]
        if unsigned or absent or "host" not in signed:
            return f"not signed: {unsigned}; signed and not sent: {absent}"
        if headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
            return "x-amz-content-sha256 is not that of the body"
        if signature(self.command, self.path, headers, signed, found[2].split("/")) != found[4]:
            return "SignatureDoesNotMatch"
        locked = any(name.startswith("x-amz-object-lock-") for name in headers)
        if locked and headers.get("content-md5") != base64.b64encode(hashlib.md5(body).digest()).decode():
            return "an upload that is to be locked needs Content-MD5"
        return None

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        why = self.refuse(body)
        if why:
            return self.answer(403, why.encode())
        if self.path in self.objects and self.headers.get("If-None-Match") == "*":
            return self.answer(412)
        self.objects[self.path] = body
        locks = {name.lower(): value for name, value in self.headers.items() if name.lower().startswith("x-amz-object-lock")}
        with self.told.open("a") as told:
            told.write(json.dumps({"path": self.path, "bytes": len(body), "lock": locks}) + "\n")
        return self.answer(200)

    def do_GET(self):
        why = self.refuse(b"")
        if why:
            return self.answer(403, why.encode())
        return self.answer(200, self.objects[self.path]) if self.path in self.objects else self.answer(404)

    def log_message(self, *_):
        pass


def main():
    hold_against_the_published_example()
    folder = pathlib.Path(sys.argv[1])
    Handler.told = folder / "objects"
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    (folder / "port.new").write_text(str(server.server_address[1]))
    (folder / "port.new").rename(folder / "port")
    server.serve_forever()


if __name__ == "__main__":
    main()
