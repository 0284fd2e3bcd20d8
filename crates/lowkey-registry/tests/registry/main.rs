//! Registries and keys in files: as people write, break and change them, and as a server reads them.
#![cfg(unix)]

mod editing;
mod file;
mod key_files;
mod key_forms;
mod place;
mod psks;
mod rotation;
mod rows;
mod survey;
