#!/bin/sh
# Works a queue off with nothing but curl: prints each message, then acknowledges it, until none has come for a second.
#
#   weir serve --set weir.http.listener=127.0.0.1:8080
#   examples/drain.sh http://127.0.0.1:8080 orders billing
set -eu
queue=$1/v1/queues/$2 group=${3:-default}
head=$(mktemp) body=$(mktemp)
trap 'rm -f "$head" "$body"' EXIT

while :; do
	status=$(curl -sS -X POST -H 'Accept: application/octet-stream' -D "$head" -o "$body" -w '%{http_code}' \
		-G --data-urlencode "group=$group" -d wait_ms=1000 "$queue/receive")
	case $status in
	200) ;;
	204) exit 0 ;;
	*) cat "$body" >&2; exit 1 ;;
	esac
	cat "$body"
	echo
	receipt=$(tr -d '\r' <"$head" | sed -n 's/^[Ww]eir-[Rr]eceipt: //p')
	curl -sS --fail-with-body -o "$body" -X POST -G --data-urlencode "receipt=$receipt" "$queue/ack"
done
