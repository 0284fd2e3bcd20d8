//! nats-server: as tests start it, and as an operator does by the recipe in `packaging/nats`.

mod gateway;
mod house;
mod lowkey;
mod others;
mod server;
