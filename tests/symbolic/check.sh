#!/bin/sh
# Has Verifpal look at a pairing (pairing.vp): as it is, when everything that lasts is stolen afterwards, and by an
# attacker who has the code. It is no part of CI, which would build it for longer than it builds Lowkey:
#
#     cargo install verifpal --version 1.6.7 --ignore-rust-version
#     sh tests/symbolic/check.sh
#
# A result has a letter and a digit for each query of the model, in its order: c, confidentiality; a, authentication as
# injective agreement; e, that both have the same; 0, no attack was found; 1, one was.
set -eu
model=$(dirname "$0")/pairing.vp
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

check() { # what, the model, the result that it has to have
    result=$(verifpal verify --quiet --color never --result-code "$2" | tail -n 1)
    echo "$1: $result"
    [ "$result" = "$3" ] || { echo "not $3" >&2; exit 1; }
}

check 'an attacker without the code' "$model" c0c0c0a0a0a0a0e0e0a0

{
    sed '/^queries\[/,$d' "$model"
    printf 'phase[1]\n\nprincipal Device[\n\tleaks psk, ds\n]\n\nprincipal Server[\n\tleaks ss\n]\n\n'
    sed -n '/^queries\[/,$p' "$model" | sed '/confidentiality? psk/d; /equivalence/d'
} >"$folder/stolen.vp"
check 'who steals code and static keys afterwards' "$folder/stolen.vp" c0c0a0a0a0a0a0

sed 's/knows private psk, /knows public psk\
	knows private /; /confidentiality? psk/d' "$model" >"$folder/known.vp"
check 'an attacker with the code' "$folder/known.vp" c1c1a1a1a1a1e1e1a1

sed 's/knows private psk, \(.s\)$/knows private psk\
	knows public \1/' "$model" >"$folder/keys.vp"
check 'an attacker with both static keys and without the code' "$folder/keys.vp" c0c0c0a0a0a0a0e0e0a0
