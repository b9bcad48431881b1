#!/usr/bin/env python3
"""Holds the sources against the rules that a compiler cannot check.

Arrows: which folder may include which (docs/architecture.md). Style: the awaiting statements that
GCC 12.2 miscompiles, work without an issue number, header guards, file length. Links: every
relative link of a Markdown file leads somewhere.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

KNOWS = {
    "core": set(),
    "host": {"core"},
    "protocol": {"core"},
    "scenarios": {"core"},
    "evidence": {"core"},
    "probe": {"core", "host", "protocol"},
    "reports": {"core", "evidence"},
    "orchestrator": {"core", "host", "protocol", "scenarios", "evidence"},
    "lab": {"core", "scenarios"},
    "cli": {"core", "host", "protocol", "scenarios", "evidence", "orchestrator", "reports", "lab"},
}
LINES_MAX = 500

# One co_await to a statement, into a named local, from named arguments (docs/adr/0001).
AWAIT_FAULTS = [
    (re.compile(r"co_await\s+[\w.>:-]+\([^;]*\w*\{\s*\."), "braced aggregate as argument of co_await"),
    (re.compile(r"\?\s*co_await"), "conditional with co_await"),
    (re.compile(r"co_await[^;]*\[[&=\w][^\]]*\]\s*(\([^)]*\))?\s*(mutable\s*)?\{"), "capturing lambda in a co_await statement"),
    (re.compile(r"co_await\s+[\w.>:-]+\(\s*\{\s*\""), "braced list of strings as argument of co_await"),
    (re.compile(r"auto\s*&{0,2}\s*\[[^\]]*\]\s*=\s*co_await"), "structured binding of a co_await"),
]


def tracked(*patterns):
    names = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in names.stdout.splitlines()]


def arrow_faults(path, text):
    room = path.relative_to(ROOT).parts[0]
    if room not in KNOWS:
        return
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'#include "([a-z]+)/', line)
        if found and found[1] != room and found[1] not in KNOWS[room]:
            yield number, f"{room}/ may not include {found[1]}/"


def style_faults(path, text):
    if path.suffix == ".h" and not text.startswith("#pragma once"):
        yield 1, "a header begins with #pragma once"
    lines = text.splitlines()
    if len(lines) > LINES_MAX:
        yield len(lines), f"{len(lines)} lines: more than one idea?"
    for number, line in enumerate(lines, 1):
        if re.search(r"\b(TODO|FIXME|XXX)\b(?!\(#\d+\))", line):
            yield number, "work left over needs an issue number: TODO(#12)"
    code = re.sub(r"//[^\n]*", "", text)
    for pattern, what in AWAIT_FAULTS:
        for found in pattern.finditer(code):
            yield code.count("\n", 0, found.start()) + 1, what


def link_faults(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        for target in re.findall(r"\]\(([^)#\s]+)", line):
            if re.match(r"[a-z]+:", target):
                continue
            if not (path.parent / target).exists():
                yield number, f"dead link: {target}"


def main():
    faults = 0
    for path in tracked("*.cc", "*.h"):
        text = path.read_text()
        for number, what in [*arrow_faults(path, text), *style_faults(path, text)]:
            print(f"{path.relative_to(ROOT)}:{number}: {what}")
            faults += 1
    for path in tracked("*.md"):
        for number, what in link_faults(path, path.read_text()):
            print(f"{path.relative_to(ROOT)}:{number}: {what}")
            faults += 1
    if faults:
        print(f"{faults} faults", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
