#!/bin/sh
# The compiler of our own crates, and of no others, for `interleavings`: all of theirs are those of every other build.
exec "$@" --cfg lowkey_shuttle -D warnings
