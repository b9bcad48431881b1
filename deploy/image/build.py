#!/usr/bin/env python3
"""Makes a container image of a program, without a network and without a container runtime.

    deploy/image/build.py orchestrator build/release/bin out/
    deploy/image/build.py probe build/release/bin out/

Writes out/reachproof-NAME.rootfs.tar.gz and out/reachproof-NAME.oci.tar (an OCI image layout:
`podman load -i`, `skopeo copy oci-archive:`). The same binaries give the same bytes. In the image: the
program, the libraries that it needs, certificate authorities, time zones, a user without name or
shell (65532), and nothing else: no shell, no package manager.
"""

import gzip
import hashlib
import io
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import tarfile

PROGRAMS = {
    "orchestrator": {
        "binaries": ["reachproof", "reachproof-probe"],
        "command": ["/usr/bin/reachproof", "serve", "--config", "/etc/reachproof/orchestrator.yaml"],
        "folders": ["etc/reachproof", "var/lib/reachproof"],
        "title": "Reachproof orchestrator",
    },
    "probe": {
        "binaries": ["reachproof-probe"],
        "command": ["/usr/bin/reachproof-probe", "run"],
        "folders": ["etc/reachproof", "var/lib/reachproof-probe"],
        "title": "Reachproof probe",
    },
}
USER = 65532


def libraries(binary):
    """Paths of the shared libraries, the loader among them, as the program asks for them."""
    text = subprocess.run(["ldd", binary], check=True, capture_output=True, text=True).stdout
    found = re.findall(r"(?:=> )?(/\S+) \(0x", text)
    # The name service switch opens these by name: hosts files and DNS, nothing else.
    for name in ("libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"):
        beside = pathlib.Path(next(path for path in found if "libc.so" in path)).parent / name
        if beside.exists():
            found.append(str(beside))
    return found


def files_of(program, bins):
    files = {}
    for binary in program["binaries"]:
        path = pathlib.Path(bins) / binary
        if not path.exists():
            raise SystemExit(f"{path} is not there: build it first, with `./tools/dev build release`")
        files[f"usr/bin/{binary}"] = (path.read_bytes(), 0o755)
        for library in libraries(path):
            files[library.lstrip("/")] = (pathlib.Path(library).read_bytes(), 0o755)
    authorities = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
    files["etc/ssl/certs/ca-certificates.crt"] = (authorities.read_bytes(), 0o644)
    zones = pathlib.Path("/usr/share/zoneinfo")
    for path in sorted(zones.rglob("*")):
        inside = path.relative_to(zones).parts[0]
        if path.is_file() and inside not in ("posix", "right"):
            files[str(path).lstrip("/")] = (path.read_bytes(), 0o644)
    files["etc/passwd"] = (f"reachproof:x:{USER}:{USER}::/nonexistent:/usr/sbin/nologin\n".encode(), 0o644)
    files["etc/group"] = (f"reachproof:x:{USER}:\n".encode(), 0o644)
    files["etc/nsswitch.conf"] = (b"passwd: files\ngroup: files\nhosts: files dns\n", 0o644)
    return files


def rootfs(program, bins):
    """A tar whose bytes depend on nothing but what is in it."""
    files = files_of(program, bins)
    folders = set(program["folders"]) | {"tmp", "proc", "sys", "dev"}
    for name in files:
        folders.update(str(parent) for parent in pathlib.PurePath(name).parents if str(parent) != ".")
    for folder in list(folders):
        folders.update(str(parent) for parent in pathlib.PurePath(folder).parents if str(parent) != ".")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in sorted(folders | set(files)):
            item = tarfile.TarInfo(name)
            item.mtime = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
            if name in files:
                content, item.mode = files[name]
                item.size = len(content)
                tar.addfile(item, io.BytesIO(content))
                continue
            item.type = tarfile.DIRTYPE
            item.mode = 0o1777 if name == "tmp" else 0o755
            if name in program["folders"] and name.startswith("var/"):
                item.uid = item.gid = USER
                item.mode = 0o700
            tar.addfile(item)
    return out.getvalue()


def oci(program, name, layer):
    """An OCI image layout (image-spec 1.1) in a tar."""
    blobs = {}

    def blob(media, content):
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return {"mediaType": media, "digest": f"sha256:{digest}", "size": len(content)}

    packed = gzip.compress(layer, compresslevel=6, mtime=0)
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    config = {
        "architecture": machine,
        "os": "linux",
        "config": {
            "User": f"{USER}:{USER}",
            "Entrypoint": program["command"],
            "WorkingDir": "/tmp",
            "Env": ["PATH=/usr/bin", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
            "Labels": {"org.opencontainers.image.title": program["title"],
                       "org.opencontainers.image.licenses": "Apache-2.0"},
        },
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
        "history": [{"comment": "deploy/image/build.py"}],
    }
    kind = "application/vnd.oci.image."
    manifest = {
        "schemaVersion": 2,
        "mediaType": kind + "manifest.v1+json",
        "config": blob(kind + "config.v1+json", json.dumps(config, sort_keys=True).encode()),
        "layers": [blob(kind + "layer.v1.tar+gzip", packed)],
    }
    entry = blob(kind + "manifest.v1+json", json.dumps(manifest, sort_keys=True).encode())
    entry["annotations"] = {"org.opencontainers.image.ref.name": f"reachproof-{name}:latest"}
    blobs["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [entry]}, sort_keys=True).encode()
    blobs["oci-layout"] = b'{"imageLayoutVersion":"1.0.0"}'
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path, content in sorted(blobs.items()):
            item = tarfile.TarInfo(path)
            item.size, item.mode = len(content), 0o644
            tar.addfile(item, io.BytesIO(content))
    return packed, out.getvalue()


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in PROGRAMS:
        raise SystemExit(__doc__)
    name, bins, out = sys.argv[1:]
    program = PROGRAMS[name]
    folder = pathlib.Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    packed, image = oci(program, name, rootfs(program, bins))
    (folder / f"reachproof-{name}.rootfs.tar.gz").write_bytes(packed)
    (folder / f"reachproof-{name}.oci.tar").write_bytes(image)
    print(f"{folder}/reachproof-{name}.oci.tar: {len(image) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
