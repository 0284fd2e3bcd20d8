#!/bin/sh
# Writes the accounts of a tenant for nats-server, from a list of its users: `sh accounts.sh PREFIX < users`.
#
# Two, because permissions of users do not suffice: JetStream answers to whatever subject an asker names, with its own
# rights. In one account with the streams, a gateway that may read could have an answer stored as a device, or taken for
# an order to purge. So gateways and readers are in an account of their own, which has no streams; it reaches those by
# the subjects that it imports, and no order to JetStream is among them. Who keeps the registry is in the other.
#
# Services, which take what devices have sent, are in a third one: wherever they have an answer sent to, nobody there
# takes it for a device's message or a lease.
#
# For the same reason gateways make consumers of the registry alone, where none of them can write what counts: whoever
# makes one names where it delivers to. The server refuses the bucket itself, and the gateways' account hears of
# nothing but inboxes.
set -eu
LC_ALL=C
prefix=${1-lowkey}
case $prefix in '' | *[!a-z0-9_-]*) echo "a prefix has small letters, digits, - and _" >&2; exit 2 ;; esac
# Of what has one name in a configuration the last stands, without a word: no two tenants share a name of an account.
case $prefix in *_store | *_service) echo "a prefix does not end in _store, or in _service" >&2; exit 2 ;; esac
store=$(echo "${prefix}_store" | tr a-z A-Z)
services=$(echo "${prefix}_service" | tr a-z A-Z)
fleet=$(echo "${prefix}" | tr a-z A-Z)

hex() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n'; }

# The subjects of a list, each in quotes.
subjects() { for subject in "$@"; do printf '        "%s"\n' "$subject"; done; }

# user KEY COMMENT: what it publishes and what it subscribes to, in $publish and $subscribe.
user() {
    # Words of no shell pattern: what has a * in it is a subject.
    set -f
    printf '    # %s\n    { nkey: %s, permissions: {\n' "$2" "$1"
    printf '      publish: { allow: [\n'; subjects $publish
    printf '      ] }\n      subscribe: { allow: [\n'; subjects $subscribe
    printf '      ] }\n    } }\n'
    set +f
}

# The stream of a bucket, for each.
streams() { for bucket in "$@"; do printf '%s ' "KV_$prefix-$bucket"; done; }

# What reads a bucket, key by key or all of it, and says how large it is.
reads() {
    for bucket in "$@"; do
        printf '%s ' "\$JS.API.STREAM.INFO.KV_$prefix-$bucket" "\$JS.API.DIRECT.GET.KV_$prefix-$bucket" \
            "\$JS.API.DIRECT.GET.KV_$prefix-$bucket.>"
    done
}

# What makes a stream, and what watches it from beginning to end.
keeps() {
    for stream in "$@"; do
        printf '%s ' "\$JS.API.STREAM.CREATE.$stream" "\$JS.API.STREAM.UPDATE.$stream" "\$JS.API.STREAM.PURGE.$stream" \
            "\$JS.API.STREAM.MSG.GET.$stream" "\$JS.API.STREAM.MSG.DELETE.$stream" \
            "\$JS.API.CONSUMER.CREATE.$stream" "\$JS.API.CONSUMER.CREATE.$stream.>" "\$JS.API.CONSUMER.INFO.$stream.*" \
            "\$JS.API.CONSUMER.DELETE.$stream.*" "\$JS.FC.$stream.>"
    done
}

# What follows a bucket as it changes: a consumer that ends by itself.
follows() {
    for bucket in "$@"; do
        stream="KV_$prefix-$bucket"
        printf '%s ' "\$JS.API.CONSUMER.CREATE.$stream" "\$JS.API.CONSUMER.CREATE.$stream.>" "\$JS.FC.$stream.>"
    done
}

# What stores devices' messages: puts one where it knows what stands there, sees the last of a subject, also of those
# that a service has taken, and keeps a row for each device. It deletes nothing.
stores() {
    rows="KV_$prefix-numbers"
    printf '%s ' "\$JS.API.STREAM.INFO.$prefix-up" "\$JS.API.DIRECT.GET.$prefix-up.>" "\$JS.API.STREAM.INFO.$rows" \
        "\$JS.API.STREAM.MSG.GET.$rows" "\$JS.API.STREAM.INFO.$prefix-last" "\$JS.API.STREAM.MSG.GET.$prefix-last" \
        "$prefix.up.*" "$prefix.mark.*" "$prefix.mark.*.*" "\$KV.$prefix-numbers.*"
}

# What gives devices their messages: it reads the next of each. That there is one it hears by a subscription.
gives() { printf '%s ' "\$JS.API.STREAM.INFO.$prefix-dn" "\$JS.API.DIRECT.GET.$prefix-dn"; }

registrar() {
    publish="\$JS.API.INFO $(reads registry live claims) $(keeps $(streams registry live claims numbers) "$prefix-up" "$prefix-last" "$prefix-dn")
        \$JS.API.STREAM.INFO.KV_$prefix-numbers \$JS.API.STREAM.INFO.$prefix-up \$JS.API.STREAM.INFO.$prefix-last
        \$JS.API.STREAM.INFO.$prefix-dn
        \$KV.$prefix-registry.> \$KV.$prefix-claims.* \$KV.$prefix-numbers.* $prefix.to.* $prefix.dn.*"
    subscribe="$prefix.event.* _INBOX.$1.>"
}

# A claim is asked for by its code's name, and not listed. Answers go to inboxes, and to the other account under names
# of the server's own, which begin with _R_.
gateway() {
    publish="$(reads registry live) $(follows registry) \$JS.API.STREAM.INFO.KV_$prefix-claims \$JS.API.DIRECT.GET.KV_$prefix-claims.>
        \$KV.$prefix-registry.beat.$1 \$KV.$prefix-live.lease.* \$KV.$prefix-claims.* $(stores) $(gives)
        $prefix.event.$1 $prefix.ask.* _INBOX.> _R_.>"
    subscribe="$prefix.event.* $prefix.to.* $prefix.dn.* $prefix.ask.$1 _INBOX.$1.>"
}

reader() {
    publish="$(reads registry live) $(follows registry)"
    subscribe="$prefix.event.* _INBOX.$1.>"
}

# A service has one consumer, of its own name, which a registrar makes. It takes messages from that and says that it has
# acted, sends to devices, and sees what they have acknowledged.
service() {
    publish="\$JS.API.CONSUMER.INFO.$prefix-up.$1 \$JS.API.CONSUMER.MSG.NEXT.$prefix-up.$1 \$JS.ACK.$prefix-up.$1.>
        \$JS.API.DIRECT.GET.KV_$prefix-numbers.> $prefix.dn.*"
    subscribe="_INBOX.$1.>"
}

# What the account of the streams lends to services.
served() {
    set -f
    for name in $(named service); do
        "$1" service "$store" "\$JS.API.CONSUMER.MSG.NEXT.$prefix-up.$name" ", response_type: stream"
        "$1" service "$store" "\$JS.API.CONSUMER.INFO.$prefix-up.$name"
        "$1" service "$store" "\$JS.ACK.$prefix-up.$name.>"
    done
    for subject in "\$JS.API.DIRECT.GET.KV_$prefix-numbers.>" "$prefix.dn.*"; do "$1" service "$store" "$subject"; done
    set +f
}

# What the account of the streams lends: `exported` or `imported`, for a subject a line.
lent() {
    set -f
    for subject in "\$JS.API.DIRECT.GET.KV_$prefix-registry" "\$JS.API.DIRECT.GET.KV_$prefix-live"; do
        # One question, many answers.
        "$1" service "$store" "$subject" ", response_type: stream"
    done
    "$1" service "$store" "\$JS.API.INFO"
    for bucket in registry live claims; do
        "$1" service "$store" "\$JS.API.DIRECT.GET.KV_$prefix-$bucket.>"
        "$1" service "$store" "\$JS.API.STREAM.INFO.KV_$prefix-$bucket"
    done
    for subject in $(follows registry) $(stores) $(gives); do "$1" service "$store" "$subject"; done
    for subject in "_INBOX.>" "$prefix.dn.*"; do "$1" stream "$store" "$subject"; done
    for key in registry.beat.* live.lease.* claims.*; do "$1" service "$store" "\$KV.$prefix-$key"; done
    set +f
}

# What the account of the gateways lends: they answer, and tell what happens.
answered() {
    set -f
    "$1" service "$fleet" "$prefix.to.*"
    "$1" stream "$fleet" "$prefix.event.*"
    set +f
}
exported() { printf '    { %s: "%s"%s }\n' "$1" "$3" "${4-}"; }
imported() { printf '    { %s: { account: %s, subject: "%s" } }\n' "$1" "$2" "$3"; }

# The names of all users of a role, in hex.
named() {
    while read -r role name key rest; do
        case $role in "$1") hex "$name" && echo ;; esac
    done <<END
$list
END
}

# The users of these roles, of the list in $list.
users() {
    while read -r role name key rest; do
        case " $* " in *" $role "*) "$role" "$(hex "$name")" && user "$key" "$role $name" ;; esac
    done <<END
$list
END
}

list=$(cat)
wrong() { echo "line $number: $1" >&2; exit 2; }
number=0
seen=' '
while read -r role name key rest; do
    number=$((number + 1))
    case $role in '' | '#'*) continue ;; registrar | gateway | reader | service) ;; *) wrong "no role: $role" ;; esac
    case $key in U*) ;; *) wrong "no public key of a user, which begins with U: $key" ;; esac
    case $key in *[!A-Z0-9-]*) wrong "no public key: $key" ;; esac
    test -z "$rest" || wrong "a role, a name and a key, and no more"
    case $seen in *" $name "* | *" $key "*) wrong "a name and a key are one user's: $name" ;; esac
    seen="$seen$name $key "
done <<END
$list
END

echo "# Of tenant $prefix, by accounts.sh: change the list of users, and not this."
printf '%s: {\n  jetstream: enabled\n  exports: [\n' "$store"
lent exported
served exported
printf '  ]\n  imports: [\n'
answered imported
printf '  ]\n  users: [\n'
users registrar
printf '  ]\n}\n%s: {\n  exports: [\n' "$fleet"
answered exported
printf '  ]\n  imports: [\n'
lent imported
printf '  ]\n  users: [\n'
users gateway reader
printf '  ]\n}\n%s: {\n  imports: [\n' "$services"
# Without it this account answers what is asked of streams as well: that it has none.
imported service "$store" '$JS.API.INFO'
served imported
printf '  ]\n  users: [\n'
users service
printf '  ]\n}\n'
