#!/usr/bin/env python3
"""Holds deploy/ as far as a machine without a cluster or a cloud can: deploy_test.py PART SOURCE BUILD.

Parts: kubernetes, image, packages, terraform. Exits with 77 where the machine lacks what a part needs.
"""

import io
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

import yaml

SKIP = 77


def expect(condition, what):
    if not condition:
        raise SystemExit(f"FAILED: {what}")


def run(*command, **more):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **more)


# ---- Kubernetes ----

def pods(documents):
    for document in documents:
        template = document.get("spec", {}).get("template")
        if template:
            yield document["metadata"]["name"], template


def kubernetes(source, _build):
    render = source / "deploy/kubernetes/render.py"
    example = source / "deploy/kubernetes/values.example.yaml"
    done = run(render, example)
    expect(done.returncode == 0, done.stderr)
    documents = list(yaml.safe_load_all(done.stdout))
    kinds = [document["kind"] for document in documents]
    expect(kinds.count("StatefulSet") == 3 and "PodDisruptionBudget" in kinds, f"kinds: {kinds}")
    names = {(d["kind"], d["metadata"]["name"]) for d in documents}
    expect(len(names) == len(documents), "two objects of one kind and name")
    for name, template in pods(documents):
        spec = template["spec"]
        expect(spec["automountServiceAccountToken"] is False, f"{name} mounts a token")
        expect(spec["securityContext"]["runAsNonRoot"] is True, f"{name} may be root")
        expect(spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault", f"{name} has no seccomp")
        volumes = {volume["name"] for volume in spec["volumes"]} | {"state"}
        for container in spec.get("initContainers", []) + spec["containers"]:
            security = container["securityContext"]
            expect(security["readOnlyRootFilesystem"] is True, f"{name} writes to its image")
            expect(security["capabilities"]["drop"] == ["ALL"], f"{name} keeps capabilities")
            expect("limits" in container["resources"], f"{name} has no limits")
            expect({mount["name"] for mount in container["volumeMounts"]} <= volumes, f"{name} mounts what is not there")
            added = security["capabilities"].get("add", [])
            expect(added == (["NET_RAW"] if "database" in name and container["name"] == "probe" else []), f"{name}: {added}")
    # Selectors select their own pods, and no others.
    for document in documents:
        if document["kind"] in ("Service", "NetworkPolicy", "PodDisruptionBudget"):
            spec = document["spec"]
            wanted = spec.get("selector") or spec.get("podSelector")
            wanted = wanted.get("matchLabels", wanted)
            hit = [n for n, t in pods(documents) if wanted.items() <= t["metadata"]["labels"].items()]
            expect(hit == [document["metadata"]["name"]], f"{document['kind']} {document['metadata']['name']} selects {hit}")
    # The service's configuration in it is one that the service takes.
    config = next(d for d in documents if d["metadata"]["name"] == "reachproof-config")["data"]["orchestrator.yaml"]
    expect(yaml.safe_load(config)["names"] == ["reachproof.reachproof.svc", "reachproof.example.org"], config)
    for text, place in [("namespace: x\nprobes: []\n", "orchestrator"),
                        ("namespace: UPPER\norchestrator: {enabled: false}\nprobes: []\n", "namespace"),
                        ("namespace: x\norchestrator: {enabled: true}\nprobes: []\n", "image"),
                        ("namespace: x\norchestrator: {enabled: false}\nprobes: [{name: a, image: i, tokenSecret: t, token: s}]\n",
                         "probes.0"),
                        ("namespace: x\norchestrator: {enabled: false}\nprobes: [{name: a, image: i, tokenSecret: t}, "
                         "{name: a, image: i, tokenSecret: t}]\n", "named twice"),
                        ("a: [\n", "values.yaml")]:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "values.yaml"
            path.write_text(text)
            refused = run(render, path)
            expect(refused.returncode != 0 and place in refused.stderr and not refused.stdout, f"{text!r}: {refused.stderr}")
            expect("Traceback" not in refused.stderr, refused.stderr)


# ---- images ----

def image(source, build):
    if os.geteuid() != 0 and run("unshare", "-Ur", "true").returncode != 0:
        return SKIP
    enter = [] if os.geteuid() == 0 else ["unshare", "-Ur"]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for what in ("probe", "orchestrator"):
            made = run(source / "deploy/image/build.py", what, build / "bin", folder)
            expect(made.returncode == 0, made.stderr)
        first = (folder / "reachproof-probe.oci.tar").read_bytes()
        run(source / "deploy/image/build.py", "probe", build / "bin", folder)
        expect((folder / "reachproof-probe.oci.tar").read_bytes() == first, "the same program makes another image")
        with tarfile.open(fileobj=io.BytesIO(first)) as layout:
            expect({"index.json", "oci-layout"} <= set(layout.getnames()), "no image layout")
        for what, programs in (("probe", ["reachproof-probe"]), ("orchestrator", ["reachproof", "reachproof-probe"])):
            root = folder / what
            root.mkdir()
            expect(run("tar", "-xzf", folder / f"reachproof-{what}.rootfs.tar.gz", "-C", root,
                       "--no-same-owner").returncode == 0, "the rootfs cannot be unpacked")
            expect(not list(root.rglob("*sh")), "there is a shell in it")
            for program in programs:
                said = run(*enter, "chroot", root, f"/usr/bin/{program}", "--help")
                expect(said.returncode == 0 and program in said.stdout, f"{program} in its image: {said.stdout}{said.stderr}")
        said = run(*enter, "chroot", folder / "orchestrator", "/usr/bin/reachproof", "serve", "--config", "/none.yaml")
        expect(said.returncode == 2 and "/none.yaml" in said.stderr, f"{said.returncode} {said.stderr}")


# ---- packages ----

def packages(_source, build):
    if os.geteuid() != 0 or not shutil.which("dpkg-deb"):
        return SKIP
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        made = run("cpack", "-G", "DEB", "-B", folder / "out", cwd=build)
        expect(made.returncode == 0, made.stdout + made.stderr)
        debs = sorted((folder / "out").glob("*.deb"))
        expect(len(debs) == 2, f"{debs}")
        root = folder / "root"
        for part in ("updates", "info", "triggers"):
            (root / "var/lib/dpkg" / part).mkdir(parents=True)
        (root / "var/lib/dpkg/status").touch()
        # Its dependencies are this machine's, not the scratch root's.
        done = run("dpkg", f"--root={root}", "--force-depends", "--force-script-chrootless", "--install", *debs)
        expect(done.returncode == 0, done.stderr)
        for path in ("usr/bin/reachproof", "usr/bin/reachproof-probe", "usr/lib/systemd/system/reachproof.service",
                     "usr/lib/systemd/system/reachproof-probe.service", "usr/share/reachproof/schema/scenario.schema.json"):
            expect((root / path).exists(), f"{path} is not in the packages")
        said = run(root / "usr/bin/reachproof", "version")
        expect(said.returncode == 0 and "reachproof" in said.stdout, said.stderr)
        for deb in debs:
            fields = run("dpkg-deb", "--field", deb).stdout
            expect("Depends: " in fields and "libc6" in fields, fields)
            installed = run("dpkg-deb", "--contents", deb).stdout
            expect("/home/" not in installed and "/work/" not in installed, installed)
        # What they depend on is installed here: the programs were linked against it.
        for deb in debs:
            for wanted in run("dpkg-deb", "--field", deb, "Depends").stdout.strip().split(", "):
                package = wanted.split(" ")[0].split("|")[0]
                expect(run("dpkg", "--status", package).returncode == 0, f"{deb.name} needs {package}")
        removed = run("dpkg", f"--root={root}", "--force-script-chrootless", "--purge", "reachproof", "reachproof-probe")
        expect(removed.returncode == 0, removed.stderr)
        expect(not (root / "usr/bin/reachproof").exists(), "a purge leaves it behind")


# ---- Terraform ----

def terraform(source, _build):
    """Format and syntax. Nothing is validated against the provider, and nothing was applied."""
    if not shutil.which("terraform"):
        return SKIP
    for module in sorted((source / "deploy/terraform").iterdir()):
        done = run("terraform", f"-chdir={module}", "fmt", "-check", "-diff")
        expect(done.returncode == 0, f"{module.name}: {done.stdout}{done.stderr}")
        text = "".join(path.read_text() for path in module.glob("*.tf"))
        expect("ingress" not in text.lower(), f"{module.name} lets something in")
        declared = {line.split('"')[1] for line in text.splitlines() if line.startswith('variable "')}
        used = set(__import__("re").findall(r"var\.(\w+)", text))
        expect(declared == used, f"{module.name}: {declared ^ used}")


def main():
    part, source, build = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    result = {"kubernetes": kubernetes, "image": image, "packages": packages, "terraform": terraform}[part](source, build)
    if result == SKIP:
        print(f"{part}: this machine lacks what it needs; skipped")
        return SKIP
    print(f"{part}: sound")
    return 0


if __name__ == "__main__":
    sys.exit(main())
