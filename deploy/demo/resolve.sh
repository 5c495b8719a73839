#!/bin/sh
# Says which commit a version of the sample service is, and what ships with it. The history is a
# text file, newest first: version, commit, author, title. A real one asks Git:
#   git rev-parse "$1^{commit}"; git log --format='%H%x09%an%x09%s' "$PILOTHOUSE_SINCE..$1"
set -eu

version=${1:?it says which version}
history=${0%/*}/history.txt

awk -v version="$version" -v since="${PILOTHOUSE_SINCE:-}" '
  { name[NR] = $1; id[NR] = $2; author[NR] = $3; $1 = $2 = $3 = ""; title[NR] = substr($0, 4)
    if (!($1 in known)) known[name[NR]] = 1
    if (name[NR] == version && !at) at = NR
    if ((id[NR] == since || name[NR] == since) && !from) from = NR }
  END {
    if (!at) {
      for (n = NR; n > 0; n--) if (name[n] != name[n - 1]) list = list (list ? ", " : "") name[n]
      print "There is no version `" version "`. There are: " list "."
      exit 3
    }
    printf "{\"commit\": \"%s\"", id[at]
    if (from) {
      ahead = from > at ? from - at : 0
      behind = at > from ? at - from : 0
      printf ", \"changes\": {\"total\": %d, \"behind\": %d, \"commits\": [", ahead, behind
      for (n = at; n < from; n++)
        printf "%s{\"id\": \"%s\", \"author\": \"%s\", \"title\": \"%s\"}", (n > at ? ", " : ""), id[n], author[n], title[n]
      printf "]}"
    }
    print "}"
  }' "$history"
