#!/bin/sh
# The rustdoc of the tests: it holds an example that must not compile to the error that it names. Stable knows how to,
# and does it with this only.
RUSTC_BOOTSTRAP=1 exec rustdoc "$@"
