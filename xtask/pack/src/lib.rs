//! What is made of the sources for C, and handed out, tried and measured: the library, and the firmware on top of it.

pub mod archive;
pub mod c_firmware;
pub mod lwip;
