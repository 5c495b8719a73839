#!/bin/sh
# Makes an alert fire in the demo, or end: posts to the bot's door what Alertmanager would post.
#   pilothouse-demo/alert.sh DiskFull
#   pilothouse-demo/alert.sh DiskFull resolved
#   pilothouse-demo/alert.sh SlowPages firing warning staging
set -eu

name=${1:?it says which alert: alert.sh <name> [firing|resolved] [severity] [environment]}
status=${2:-firing}
severity=${3:-critical}
environment=${4:-production}
folder=${0%/*}

case $name$status$severity$environment in
    *[!A-Za-z0-9_.-]*) echo "letters, digits, '.', '_' and '-' only, please" >&2; exit 2 ;;
esac
command -v curl >/dev/null || { echo "curl is needed to post the alert" >&2; exit 1; }

# When it began is remembered, so that its end is the end of the same alert.
began="$folder/began-$name-$environment"
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
[ "$status" = resolved ] || [ -e "$began" ] || echo "$now" >"$began"
starts=$(cat "$began" 2>/dev/null || echo "$now")
ends=0001-01-01T00:00:00Z
if [ "$status" = resolved ]; then
    ends=$now
    rm -f "$began"
fi

# The token is read from a file, and stands in no list of processes.
curl -fsS -X POST "$(cat "$folder/address")/hooks/monitor" -H 'Content-Type: application/json' \
    -H @- --data-binary @/dev/fd/3 3<<JSON <<HEADER
{"version": "4", "alerts": [{"status": "$status", "startsAt": "$starts", "endsAt": "$ends",
 "labels": {"alertname": "$name", "service": "checkout", "environment": "$environment",
            "severity": "$severity"},
 "annotations": {"summary": "$name of checkout in $environment"}}]}
JSON
Authorization: Bearer $(cat "$folder/alert-token")
HEADER
echo "$name is $status"
