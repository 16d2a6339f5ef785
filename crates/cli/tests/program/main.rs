//! Whole runs of the program, in-process, against the simulated AWS.

mod commands;
mod harness;
mod life;
mod mistakes;
mod safety;
