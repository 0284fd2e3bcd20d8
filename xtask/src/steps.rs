//! The headings of a run, and the time each step took.

use std::time::Instant;

use crate::command::Result;

/// A run that stops at its first failure.
#[derive(Debug, Default)]
pub struct Steps {
    number: usize,
}

impl Steps {
    /// One with nothing behind it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs one step under its heading.
    ///
    /// # Errors
    /// What went wrong, with the step's name.
    pub fn run<T>(&mut self, name: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        self.number += 1;
        println!("\n== {}. {name}", self.number);
        let start = Instant::now();
        let result = step();
        let seconds = start.elapsed().as_secs_f32();
        match result {
            Ok(value) => {
                println!("== {name}: ok, {seconds:.1} s");
                Ok(value)
            }
            Err(error) => Err(format!("{name} failed after {seconds:.1} s: {error}").into()),
        }
    }
}
