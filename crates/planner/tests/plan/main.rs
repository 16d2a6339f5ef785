//! Plans of small worlds.

mod catalog;
mod language;
mod scenarios;
mod world;
