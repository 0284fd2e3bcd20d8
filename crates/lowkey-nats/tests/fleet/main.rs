//! Gateways that follow one registry in a real nats-server: what is written acts on all of them, and what cannot be
//! seen is not taken for news.

mod astray;
mod away;
mod bed;
mod edited;
mod given;
mod held;
mod numbered;
mod obeyed;
mod paired;
mod storm;
mod taken;
mod told;
mod unfit;
mod written;
