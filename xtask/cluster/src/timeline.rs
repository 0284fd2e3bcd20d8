//! What happens, with the seconds since the start.

use tokio::time::Instant;

#[derive(Clone, Copy)]
pub(crate) struct Timeline(Instant);

impl Timeline {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn say(self, text: &str) {
        println!("{:>7.3} s  {text}", self.0.elapsed().as_secs_f32());
    }

    pub(crate) fn seconds(self) -> f32 {
        self.0.elapsed().as_secs_f32()
    }
}
