//! The engine in virtual time, against a scripted account.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

mod failures;
mod interrupts;
mod laws;
mod order;
mod polling;
mod rates;
mod reading;
mod retries;
mod support;
mod threads;
mod values;
