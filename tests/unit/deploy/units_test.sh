#!/usr/bin/env bash
# The probe's unit must not be more exposed than 2.0, with and without the witness's drop-in.
set -euo pipefail
source_dir=$1
command -v systemd-analyze >/dev/null || { echo "SKIPPED: no systemd-analyze on this machine"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
units=$source_dir/deploy/systemd
rate() {  # name, unit file: prints the overall exposure
  systemd-analyze security --offline=true --no-pager "$1" 2>/dev/null |
    sed -n 's/.*Overall exposure level for .*: \([0-9.]*\) .*/\1/p'
}
cp "$units/reachproof-probe.service" "$folder/reachproof-probe.service"
plain=$(rate "$folder/reachproof-probe.service")
mkdir -p "$folder/w/reachproof-probe.service.d"
cp "$units/reachproof-probe.service" "$folder/w/"
# Offline analysis reads no drop-ins by path: the drop-in's lines go behind the unit's own section.
sed "/^UMask=/r "<(sed -n '/^\[Service\]/,$p' "$units/witness.conf" | tail -n +2) \
  "$units/reachproof-probe.service" >"$folder/w/reachproof-probe.service"
witness=$(rate "$folder/w/reachproof-probe.service")
cp "$units/reachproof.service" "$folder/"
orchestrator=$(rate "$folder/reachproof.service")
echo "probe $plain, as a witness $witness, orchestrator $orchestrator"
for value in "$plain" "$witness" "$orchestrator"; do
  awk -v v="$value" 'BEGIN { exit !(v != "" && v <= 2.0) }' || { echo "above 2.0, or not rated"; exit 1; }
done
