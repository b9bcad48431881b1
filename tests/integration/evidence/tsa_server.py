#!/usr/bin/env python3
"""A time stamping authority (RFC 3161): `openssl ts` behind HTTP on the loopback address.

usage: tsa_server.py FOLDER

Makes a CA and a certificate for time stamping in the folder, then serves until it is ended. The port
goes to FOLDER/port. POST /tsa answers as it should; /replay gives the first answer again; /garbage,
/error and /refuse answer as their names say.
"""

import http.server
import pathlib
import subprocess
import sys
import threading

CONFIG = """
[ tsa ]
default_tsa = main
[ main ]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
[ ca ]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[ stamping ]
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
[ req ]
distinguished_name = none
[ none ]
"""


class Authority:
    def __init__(self, folder):
        self.folder = folder
        self.config = folder / "tsa.cnf"
        self.config.write_text(CONFIG.format(folder=folder))
        (folder / "serial").write_text("01\n")
        self.first = None
        self.lock = threading.Lock()
        self.certify("ca", "ca", None)
        self.certify("tsa", "stamping", "ca")

    def openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def certify(self, name, extensions, issuer):
        self.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")
        self.openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN=Test {name}", "-config", "tsa.cnf", "-out", f"{name}.csr")
        signed_by = ["-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", "-CAcreateserial"] if issuer else ["-signkey", f"{name}.key"]
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-days", "30", "-extfile", "tsa.cnf", "-extensions", extensions,
                     "-out", f"{name}.pem", *signed_by)

    def reply(self, query):
        (self.folder / "query.tsq").write_bytes(query)
        self.openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-signer", "tsa.pem",
                     "-inkey", "tsa.key", "-out", "reply.tsr")
        return (self.folder / "reply.tsr").read_bytes()

    def answer(self, path, query):
        with self.lock:
            if path == "/garbage":
                return b"not a time stamp"
            if path == "/refuse":  # PKIStatus 2 (rejection), badAlg
                return bytes.fromhex("3009300702010203020780")
            if path == "/replay":
                return self.first
            answer = self.reply(query)
            self.first = self.first or answer
            return answer


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        query = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        right_type = self.headers.get("Content-Type") == "application/timestamp-query"
        if self.path == "/error" or not right_type:
            self.send_error(503)
            return
        answer = self.server.authority.answer(self.path, query)
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.authority = Authority(folder)
    fresh = folder / "port.new"
    fresh.write_text(str(server.server_address[1]))
    fresh.rename(folder / "port")
    server.serve_forever()


if __name__ == "__main__":
    main()
