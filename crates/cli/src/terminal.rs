//! Standard output and error of one run: colours, width, prompts.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::{Arc, Mutex, PoisonError};

use crate::arguments::{Global, When};
use crate::error::Error;
use crate::interrupts::Interrupts;
use crate::invocation::{Input, Output};
use crate::render::look::Look;
use crate::render::visible;

/// Where text has no width of its own.
const READ_LATER: u16 = 100;

/// Standard output and error of one run, and who answers.
pub(crate) struct Terminal {
    /// Results.
    pub(crate) out: Output,
    /// Prompts, faults and logs.
    pub(crate) err: Output,
    stdin: Arc<Mutex<Box<dyn BufRead + Send>>>,
    person: bool,
    colour: When,
    no_colour: bool,
    verbose: bool,
}

impl Terminal {
    /// The streams of an invocation, as its options say.
    pub(crate) fn new(
        stdin: Input,
        out: Output,
        err: Output,
        environment: &BTreeMap<String, String>,
        global: &Global,
    ) -> Self {
        let no_colour = environment.get("NO_COLOR").is_some_and(|set| !set.is_empty());
        let Input { reader, is_terminal } = stdin;
        Self {
            person: is_terminal && err.is_terminal(),
            out,
            err,
            stdin: Arc::new(Mutex::new(reader)),
            colour: global.color,
            no_colour,
            verbose: global.verbose,
        }
    }

    /// How text on standard output may look.
    pub(crate) fn look(&self) -> Look {
        self.look_of(&self.out)
    }

    /// How text on standard error may look.
    pub(crate) fn error_look(&self) -> Look {
        self.look_of(&self.err)
    }

    fn look_of(&self, output: &Output) -> Look {
        let colour = match self.colour {
            When::Always => true,
            When::Never => false,
            When::Auto => output.is_terminal() && !self.no_colour,
        };
        let width = output.width().unwrap_or(READ_LATER).clamp(40, 160);
        Look { colour, width: width.into(), verbose: self.verbose }
    }

    /// Whether a person is there to answer.
    pub(crate) fn has_person(&self) -> bool {
        self.person
    }

    /// Prints a result; what a terminal would act on in it is made visible.
    pub(crate) fn print(&self, text: &str) -> Result<(), Error> {
        self.out.write(&visible::lines(text)).map_err(Error::Output)
    }

    /// Prints a value that a program reads as it is. A terminal shows it as every other text.
    pub(crate) fn print_exactly(&self, text: &str) -> Result<(), Error> {
        if self.out.is_terminal() {
            return self.print(text);
        }
        self.out.write(text).map_err(Error::Output)
    }

    /// Says something that is no result. If even that fails, there is nobody left to tell.
    pub(crate) fn say(&self, text: &str) {
        let _ = self.err.write(&visible::lines(text));
    }

    /// Asks, and gives the answer without its line end.
    pub(crate) async fn ask(
        &self,
        question: &str,
        interrupts: &mut Interrupts,
    ) -> Result<String, Error> {
        self.say(question);
        let stdin = Arc::clone(&self.stdin);
        let answer = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            let mut reader = stdin.lock().unwrap_or_else(PoisonError::into_inner);
            reader.read_line(&mut line).map(|_| line)
        });
        let answer = interrupts.or(answer).await?;
        let line = answer.map_err(std::io::Error::other).and_then(|line| line);
        Ok(line.map_err(Error::Input)?.trim().to_owned())
    }
}
