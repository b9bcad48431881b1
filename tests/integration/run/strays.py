"""Watches a router, and says which packets no plan names.

capture FILE          writes a line for each IP packet that passes, until it is ended
compare PLAN INVENTORY FILE...   prints "planned N strays M" and each stray
"""
import json
import socket
import struct
import sys

import yaml

TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58


def capture(path):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    with open(path, "w", buffering=1) as out:
        print("ready", file=out)
        while True:
            packet, (interface, protocol, kind, *_) = wire.recvfrom(65535)
            if kind == socket.PACKET_OUTGOING:
                continue
            if protocol == 0x0800:
                head = (packet[0] & 15) * 4
                upper, family = packet[9], socket.AF_INET
                source, target = packet[12:16], packet[16:20]
            elif protocol == 0x86DD:
                head, upper, family = 40, packet[6], socket.AF_INET6
                if upper == 0:  # hop-by-hop options, of multicast listener reports
                    head, upper = 40 + (packet[41] + 1) * 8, packet[40]
                source, target = packet[8:24], packet[24:40]
            else:
                continue
            sport = dport = 0
            detail = ""
            if upper in (TCP, UDP):
                sport, dport = struct.unpack("!HH", packet[head:head + 4])
            elif upper in (ICMP, ICMP6):
                detail = str(packet[head])
            ends = socket.inet_ntop(family, source), socket.inet_ntop(family, target)
            print(upper, *ends, sport, dport, detail, file=out)


def planned_flows(plan, inventory):
    addresses = {e["name"]: e["addresses"] for e in inventory["endpoints"]}
    flows = set()
    for check in plan["checks"]:
        upper = TCP if check["protocol"] == "tcp" else UDP
        for path in check["paths"]:
            for vantage in [path["vantage"], *path["liveness_from"]]:
                for source in addresses[vantage]:
                    flows.add((upper, source, path["address"], check["port"]))
    return flows


def compare(plan_path, inventory_path, captures):
    plan = json.load(open(plan_path))
    flows = planned_flows(plan, yaml.safe_load(open(inventory_path)))
    planned, strays = 0, []
    for path in captures:
        for line in open(path):
            if line == "ready\n":
                continue
            words = line.split()
            upper, source, target = int(words[0]), words[1], words[2]
            if upper in (TCP, UDP):
                sport, dport = int(words[3]), int(words[4])
                known = (upper, source, target, dport) in flows
                known = known or (upper, target, source, sport) in flows
            else:
                # Errors about what was sent, and neighbours that look for each other.
                kind = int(words[5]) if len(words) > 5 else -1
                known = kind in ((3, 11, 12) if upper == ICMP else (1, 2, 3, 4, *range(130, 138), 143))
            planned += known
            if not known:
                strays.append(line.strip())
    print("planned", planned, "strays", len(strays))
    for stray in strays[:20]:
        print(stray)


if sys.argv[1] == "capture":
    capture(sys.argv[2])
else:
    compare(sys.argv[2], sys.argv[3], sys.argv[4:])
