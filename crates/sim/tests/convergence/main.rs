//! The whole program over the simulator, in virtual time: whatever happens, it comes to the same
//! end.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod faults;
mod keeping;
mod life;
mod matrix;
mod meanwhile;
mod others;
mod program;
mod random;
mod stacks;
mod tape;
mod unlock;
mod window;
