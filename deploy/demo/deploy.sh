#!/bin/sh
# Deploys the demo's sample service: five steps, and a file that says which version runs where.
#
# Told by environment variables, as every program the `command` pipeline runs:
#   PILOTHOUSE_SERVICE, PILOTHOUSE_ENVIRONMENT, PILOTHOUSE_VERSION   what goes where
#   DEMO_STATE   the directory the sample service reads its version from
#
# A version with `broken` in its name fails while it is being built; one with `sick` is deployed,
# and the sample service then says that it is not well.
set -eu

service=${PILOTHOUSE_SERVICE:?it says which service is deployed}
environment=${PILOTHOUSE_ENVIRONMENT:?it says where to}
version=${PILOTHOUSE_VERSION:?it says what}
state=${DEMO_STATE:?it says where the sample service looks}

# How long each step takes, in seconds: long enough to be watched, and longer in production.
case $environment in
    production) pause=0.5 ;;
    *) pause=0.2 ;;
esac

# Names become file names below; refuse what could lead elsewhere.
for name in "$service" "$environment"; do
    case $name in
        '' | .* | */*)
            echo "error: \`$name\` cannot be the name of a file" >&2
            exit 2
            ;;
    esac
done

new=
trap 'rm -f "$new"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

step() {
    printf '::step %s/5 %s\n' "$1" "$2"
}

step 1 "Fetching $version"
echo "fetching $service $version"
sleep "$pause"

step 2 "Testing"
echo "42 tests passed"
sleep "$pause"

step 3 "Building"
case $version in
    *broken*)
        echo "error: $service $version does not build: cart.rs line 7 has no closing bracket" >&2
        exit 1
        ;;
esac
echo "built $service-$version.tar.gz"
sleep "$pause"

step 4 "Switching $environment over"
mkdir -p "$state/$service"
new=$(mktemp "$state/$service/.new.XXXXXX")
printf '%s\n' "$version" >"$new"
sleep "$pause"

step 5 "Restarting"
# A rename is all or nothing: whoever stops this program leaves the old version running.
mv "$new" "$state/$service/$environment"
echo "$service $version runs in $environment"
sleep "$pause"
