//! A server in front of a service: what it forwards, what it tells and shows, and what it takes from balancers.

#[cfg(feature = "admin")]
mod admin;
mod balancer;
mod common;
mod doctor;
#[cfg(feature = "admin")]
mod errors;
mod events;
mod forward;
#[cfg(unix)]
mod haproxy;
#[cfg(all(unix, feature = "admin"))]
mod in_force;
#[cfg(feature = "admin")]
mod metrics;
#[cfg(unix)]
mod mosquitto;
#[cfg(feature = "admin")]
mod probes;
mod proxy;
#[cfg(unix)]
mod store;
