//! Plans of small worlds.

mod catalog;
mod language;
mod laws;
mod scenarios;
mod world;
