//! Tests of the simulator as a provider.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod faults;
mod provider;
mod rules;
mod stage;
