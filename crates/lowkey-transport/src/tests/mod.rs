//! What the public interface does not show: the edges of one frame, and that keys are gone after an error.

mod frames;
mod hellos;
mod progress;
mod wiping;
