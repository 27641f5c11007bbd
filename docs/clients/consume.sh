#!/bin/sh
# Each action once, then the latest value of every customer: ./consume.sh localhost:9092 [PREFIX]
# Needs kcat and jq. Stops where the topics end now (-e).
set -eu
servers=$1
prefix=${2:-lifetide.}

# what an aborted transaction wrote never happened
read_all() {
    topic=$1
    shift
    kcat -C -q -b "$servers" -t "$topic" -o beginning -e -X isolation.level=read_committed "$@"
}

# the same id again is the same action again
read_all "${prefix}actions" -f '%s\n' |
    jq -rn 'reduce inputs as $action ({}; .[$action.id] //= $action) | .[] | "action \(.id) \(.kind) \(.customer_id)"'

# of each key the latest; a null takes the customer out (kcat's -Z)
read_all "${prefix}clv" -Z -f '%k\t%s\n' |
    jq -Rrn 'reduce (inputs / "\t") as [$key, $value] ({};
        if $value == "NULL" then del(.[$key]) else .[$key] = ($value | fromjson.total) end)
      | to_entries[] | "clv \(.key) \(.value.minor) \(.value.currency)"'
