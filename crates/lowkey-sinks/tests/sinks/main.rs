//! What is taken, what is kept of it, and what becomes of that when things fail.

mod aside;
mod http;
mod mosquitto;
mod mqtt;
mod rows;
mod session;
mod whole;
