//! What the public interface does not show: the edges of one frame, that keys are gone after an error, and halves that
//! interrupt each other.

mod frames;
mod hellos;
mod joint;
mod progress;
mod wiping;
