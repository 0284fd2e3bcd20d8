//! The client and the server in C of `examples/posix-c`: with each other, with the command, and with an attacker
//! between them; as they are, under the compiler's sanitizers, and under valgrind.

#![cfg(unix)]

mod attacks;
mod honest;
mod impostor;
mod keys;
mod pair;
mod programs;
mod relay;
mod silence;
