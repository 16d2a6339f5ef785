//! Plans of small worlds.

#![expect(clippy::unwrap_used, reason = "a test that finds nothing to unwrap fails")]

mod catalog;
mod language;
mod laws;
mod random;
mod scenarios;
mod show;
mod world;
mod worlds;
