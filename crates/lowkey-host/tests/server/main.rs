//! A server: whom it takes, what each may use, what it says, and how it stops.

mod above;
mod expiry;
mod fleet;
mod limits;
mod listener;
mod load;
mod log_flood;
mod moved;
mod sessions;
mod stale;
mod stopping;
mod strangers;
mod turmoil;
