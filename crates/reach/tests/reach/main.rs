//! Tests of the whole crate from outside, in one binary.
#![expect(clippy::unwrap_used, reason = "a test may stop where its own text is wrong")]

mod cases;
mod checks;
mod doctor;
mod language;
mod oracle;
mod sets;
mod stacks;

/// Tells a figure to whoever runs the test with `--no-capture`.
#[expect(clippy::print_stdout, reason = "a figure is for whoever asks")]
fn say(figure: &str) {
    println!("{figure}");
}
