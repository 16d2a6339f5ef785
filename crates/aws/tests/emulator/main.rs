//! Kinds over the wire, against an emulator: made, read, changed attribute by attribute, deleted.
//!
//! Runs only where `TRUEUP_TEST_ENDPOINT` says where an emulator listens; the credentials come from
//! the environment, as everywhere:
//!
//! ```text
//! moto_server -p 5010 &
//! TRUEUP_TEST_ENDPOINT=http://127.0.0.1:5010 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test \
//!     cargo test -p trueup-aws --features live --test emulator
//! ```
#![cfg(feature = "live")]
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]
#![expect(clippy::disallowed_methods, reason = "an emulator answers in real time")]

mod account;
mod ec2;
mod host;
mod wish;
