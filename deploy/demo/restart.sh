#!/bin/sh
# A step of a runbook: restarts the demo's sample service, or tells so.
#
#   PILOTHOUSE_SERVICE, PILOTHOUSE_ENVIRONMENT, PILOTHOUSE_RUN   what is restarted, and by which run
#   DEMO_STATE   the directory the sample service keeps its state in
set -eu

service=${PILOTHOUSE_SERVICE:?it says which service}
environment=${PILOTHOUSE_ENVIRONMENT:?it says where}
state=${DEMO_STATE:?it says where the sample service looks}

echo "::step 1/3 Taking $service out of rotation"
echo "no new requests go to $service in $environment"
sleep 0.4
echo "::step 2/3 Restarting"
mkdir -p "$state/$service"
echo "run $PILOTHOUSE_RUN" >>"$state/$service/restarts"
echo "$service was restarted $(wc -l <"$state/$service/restarts" | tr -d ' ') time(s) so far"
sleep 0.4
echo "::step 3/3 Putting it back"
echo "$service in $environment takes requests again"
