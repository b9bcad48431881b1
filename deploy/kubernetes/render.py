#!/usr/bin/env python3
"""Manifests for Kubernetes from a file of values, checked against values.schema.json.

    deploy/kubernetes/render.py values.yaml | kubectl apply -f -

One StatefulSet for the orchestrator, one of one pod for each probe. Pods meet the Pod
Security Standard `restricted`, but for those of witnesses, which have CAP_NET_RAW. A wrong value is a
message with its place, and nothing is printed.
"""

import json
import pathlib
import sys

import jsonschema
import yaml

HERE = pathlib.Path(__file__).resolve().parent
USER = 65532
PLANE, API = 8443, 8444


def labels(name, component):
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/component": component,
            "app.kubernetes.io/part-of": "reachproof"}


def meta(values, name, component):
    return {"name": name, "namespace": values["namespace"], "labels": labels(name, component)}


def resources(item, cpu, memory):
    asked = item.get("resources", {})
    memory = asked.get("memory", memory)
    return {"requests": {"cpu": asked.get("cpu", cpu), "memory": memory}, "limits": {"memory": memory}}


def container_security(witness=False):
    capabilities = {"drop": ["ALL"]}
    if witness:
        capabilities["add"] = ["NET_RAW"]
    return {"allowPrivilegeEscalation": witness, "readOnlyRootFilesystem": True, "capabilities": capabilities}


def pod_security():
    return {"runAsNonRoot": True, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"}}


def namespace(values):
    witness = any(probe.get("witness") for probe in values["probes"])
    level = "privileged" if witness else "restricted"
    return {"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": values["namespace"],
                         "labels": {"pod-security.kubernetes.io/enforce": level,
                                    "pod-security.kubernetes.io/warn": "restricted"}}}


def orchestrator(values):
    item = values["orchestrator"]
    name = "reachproof"
    inside = f"{name}.{values['namespace']}.svc"
    config = {"version": 1, "state": "/var/lib/reachproof", "scenario": "/etc/reachproof/documents/scenario.yaml",
              "inventory": "/etc/reachproof/documents/inventory.yaml", "listen": "0.0.0.0", "port": PLANE,
              "names": [inside, *item.get("names", [])], "log-format": "json",
              "api": {"listen": "127.0.0.1", "port": API}}
    mounts = [{"name": "config", "mountPath": "/etc/reachproof/orchestrator.yaml", "subPath": "orchestrator.yaml"},
              {"name": "documents", "mountPath": "/etc/reachproof/documents"},
              {"name": "state", "mountPath": "/var/lib/reachproof"}, {"name": "tmp", "mountPath": "/tmp"}]
    volumes = [{"name": "config", "configMap": {"name": f"{name}-config"}},
               {"name": "documents", "configMap": {"name": item["scenario"]}},
               {"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}}]
    ports = [{"name": "probes", "containerPort": PLANE}]
    container = {"name": "orchestrator", "image": item["image"], "ports": ports, "volumeMounts": mounts,
                 "securityContext": container_security(), "resources": resources(item, "250m", "1Gi")}
    if "tlsSecret" in item:
        config["api"] = {"listen": "0.0.0.0", "port": API, "certificate": "/etc/reachproof/tls/tls.crt",
                         "key": "/etc/reachproof/tls/tls.key", "open-health": True}
        mounts.append({"name": "tls", "mountPath": "/etc/reachproof/tls"})
        volumes.append({"name": "tls", "secret": {"secretName": item["tlsSecret"], "defaultMode": 0o440}})
        ports.append({"name": "api", "containerPort": API})
        get = {"port": "api", "scheme": "HTTPS"}
        container["livenessProbe"] = {"httpGet": {"path": "/healthz", **get}, "periodSeconds": 20}
        container["readinessProbe"] = {"httpGet": {"path": "/readyz", **get}, "periodSeconds": 10}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": item["storage"]}}}
    if "storageClass" in item:
        claim["storageClassName"] = item["storageClass"]
    yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta(values, f"{name}-config", "orchestrator"),
           "data": {"orchestrator.yaml": yaml.safe_dump(config, sort_keys=False)}}
    yield {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta(values, name, "orchestrator"),
           "spec": {"serviceName": name, "replicas": 1, "selector": {"matchLabels": labels(name, "orchestrator")},
                    "template": {"metadata": {"labels": labels(name, "orchestrator")},
                                 "spec": {"automountServiceAccountToken": False, "securityContext": pod_security(),
                                          "terminationGracePeriodSeconds": 30, "containers": [container],
                                          "volumes": volumes}},
                    "volumeClaimTemplates": [{"metadata": {"name": "state"}, "spec": claim}]}}
    yield {"apiVersion": "v1", "kind": "Service", "metadata": meta(values, name, "orchestrator"),
           "spec": {"selector": labels(name, "orchestrator"),
                    "ports": [{"name": port["name"], "port": port["containerPort"], "targetPort": port["name"]}
                              for port in ports]}}
    yield {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta(values, name, "orchestrator"),
           "spec": {"maxUnavailable": 0, "selector": {"matchLabels": labels(name, "orchestrator")}}}
    yield {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta(values, name, "orchestrator"),
           "spec": {"podSelector": {"matchLabels": labels(name, "orchestrator")}, "policyTypes": ["Ingress"],
                    "ingress": [{"ports": [{"port": port["containerPort"], "protocol": "TCP"} for port in ports]}]}}
    if item.get("serviceMonitor"):
        yield {"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor",
               "metadata": meta(values, name, "orchestrator"),
               "spec": {"selector": {"matchLabels": labels(name, "orchestrator")},
                        "endpoints": [{"port": "api", "path": "/metrics", "scheme": "https"}]}}


def probe(values, item):
    name = f"reachproof-probe-{item['name']}"
    own = labels(name, "probe")
    witness = item.get("witness", False)
    state = ["--state", "/var/lib/reachproof-probe"]
    more = ["--scope", "/etc/reachproof/scope.conf"] if "scope" in item else []
    mounts = [{"name": "state", "mountPath": "/var/lib/reachproof-probe"}, {"name": "tmp", "mountPath": "/tmp"}]
    volumes = [{"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}}]
    if "scope" in item:
        mounts.append({"name": "scope", "mountPath": "/etc/reachproof/scope.conf", "subPath": "scope.conf"})
        volumes.append({"name": "scope", "configMap": {"name": name}})
        yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta(values, name, "probe"),
               "data": {"scope.conf": item["scope"]}}
    common = {"image": item["image"], "volumeMounts": mounts}
    join = {**common, "name": "join", "securityContext": container_security(),
            "command": ["/usr/bin/reachproof-probe", *state, "join", "$(JOIN_TOKEN)"],
            "env": [{"name": "JOIN_TOKEN", "valueFrom": {"secretKeyRef": {"name": item["tokenSecret"], "key": "token"}}}],
            "resources": resources({}, "20m", "64Mi")}
    run = {**common, "name": "probe", "securityContext": container_security(witness),
           "command": ["/usr/bin/reachproof-probe", *state, *more, *([] if witness else ["--no-witness"]), "run"],
           "resources": resources(item, "50m", "128Mi")}
    spec = {"automountServiceAccountToken": False, "securityContext": pod_security(), "initContainers": [join],
            "containers": [run], "volumes": volumes}
    if "nodeSelector" in item:
        spec["nodeSelector"] = item["nodeSelector"]
    # Its key outlives its pod: joining again with the same key needs no new token.
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "128Mi"}}}
    if "storageClass" in item:
        claim["storageClassName"] = item["storageClass"]
    yield {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta(values, name, "probe"),
           "spec": {"serviceName": name, "replicas": 1, "selector": {"matchLabels": own},
                    "template": {"metadata": {"labels": {**item.get("labels", {}), **own}}, "spec": spec},
                    "volumeClaimTemplates": [{"metadata": {"name": "state"}, "spec": claim}]}}
    if "egress" in item:
        out = [{"to": [{"ipBlock": {"cidr": cidr}} for cidr in item["egress"]]},
               {"ports": [{"port": item.get("orchestratorPort", PLANE), "protocol": "TCP"}]},
               {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}]
        yield {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta(values, name, "probe"),
               "spec": {"podSelector": {"matchLabels": own}, "policyTypes": ["Egress"], "egress": out}}


def render(values):
    yield namespace(values)
    if values["orchestrator"]["enabled"]:
        yield from orchestrator(values)
    for item in values["probes"]:
        yield from probe(values, item)


def problems(values):
    schema = json.loads((HERE / "values.schema.json").read_text())
    found = sorted(jsonschema.Draft202012Validator(schema).iter_errors(values), key=lambda e: list(map(str, e.path)))
    texts = [f"{'.'.join(map(str, fault.absolute_path)) or 'the file'}: {fault.message}" for fault in found]
    if not texts:
        names = [item["name"] for item in values["probes"]]
        texts += [f"probes: {name} is named twice" for name in sorted({n for n in names if names.count(n) > 1})]
    return texts


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    try:
        values = yaml.safe_load(pathlib.Path(sys.argv[1]).read_text())
    except (OSError, yaml.YAMLError) as fault:
        raise SystemExit(f"{sys.argv[1]}: {fault}") from None
    faults = problems(values)
    if faults:
        raise SystemExit("\n".join(f"{sys.argv[1]}: {fault}" for fault in faults))
    print(yaml.safe_dump_all(render(values), sort_keys=False), end="")


if __name__ == "__main__":
    main()
