//! The code in the README and the book, compiled as it stands there.

#[doc = include_str!("../../../README.md")]
struct Readme;

#[doc = include_str!("../../../docs/src/firmware.md")]
struct Firmware;

#[doc = include_str!("../../../docs/src/server.md")]
struct Server;

#[doc = include_str!("../../../docs/src/arrives.md")]
struct Arrives;
