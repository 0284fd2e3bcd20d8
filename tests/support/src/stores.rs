//! What stores devices' messages, as a test has it: a server of HTTP and a broker of MQTT, which do what it says.

pub mod broker;
pub mod web;
