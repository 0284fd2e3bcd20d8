//! Nothing: what counts is in tests.
