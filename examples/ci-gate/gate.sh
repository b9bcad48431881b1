#!/usr/bin/env bash
# gate.sh LAB [run options]: builds the network of LAB, runs scenario.yaml in it, and removes it.
# With `--baseline`, leaves in out/ what a pipeline shows: junit.xml, results.sarif, comment.md and
# report.html. Exits as the run did.
set -uo pipefail
lab=$1
shift
mkdir -p out
reachproof lab up "$lab" --inventory inventory.yaml || exit
trap 'reachproof lab down "$lab"' EXIT

reachproof run scenario.yaml --quiet --junit-file out/junit.xml "$@"
code=$?
case " $* " in
  *' --baseline '*)
    reachproof report --baseline previous --format sarif -o out/results.sarif
    reachproof report --baseline previous --format markdown -o out/comment.md
    reachproof report --baseline previous -o out/report.html
    ;;
esac
exit "$code"
