//! What can go wrong in a verb: wrong use, a bad sweep file, or the environment. Each says what to do about it.

use std::fmt::Display;

use crate::output::{Screen, style};
use crate::spec_file::SpecProblem;

/// Why a verb could not do what was asked.
#[derive(Debug)]
pub(crate) enum Error {
    /// The command line asks for what cannot be.
    Use(Trouble),
    /// The sweep file is wrong, at a place that is named.
    Spec(Box<SpecProblem>),
    /// The network, the disk or the data is in the way.
    Environment(Trouble),
    /// A job that does not stop has taken its slot: a new process is needed, which a supervisor starts.
    Hung(Trouble),
}

/// A cause and its remedy.
#[derive(Debug)]
pub(crate) struct Trouble {
    cause: anyhow::Error,
    help: Option<String>,
}

impl Error {
    /// A wrong use that no cause stands behind.
    pub(crate) fn wrong_use(message: impl Display) -> Self {
        Self::Use(Trouble { cause: anyhow::anyhow!("{message}"), help: None })
    }

    /// Trouble with the environment.
    pub(crate) fn environment(cause: impl Into<anyhow::Error>) -> Self {
        Self::Environment(Trouble { cause: cause.into(), help: None })
    }

    /// A job that does not stop.
    pub(crate) fn hung(cause: impl Into<anyhow::Error>) -> Self {
        Self::Hung(Trouble { cause: cause.into(), help: None })
    }

    /// The same error with its remedy.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        match &mut self {
            Self::Use(trouble) | Self::Environment(trouble) | Self::Hung(trouble) => trouble.help = Some(help.into()),
            Self::Spec(_) => {}
        }
        self
    }

    /// Prints it on stderr.
    pub(crate) fn show(&self, screen: &Screen) {
        match self {
            Self::Spec(problem) => screen.alert(problem.render(screen.draws())),
            Self::Use(trouble) | Self::Environment(trouble) | Self::Hung(trouble) => screen.alert(trouble.render()),
        }
    }
}

impl Trouble {
    fn render(&self) -> String {
        let mut text = format!("{}: {}", style::error("error"), self.cause);
        let mut last = self.cause.to_string();
        for cause in self.cause.chain().skip(1) {
            // Many libraries repeat their source in their own message.
            let message = cause.to_string();
            if !last.contains(&message) {
                text.push_str(&format!("\n  because: {message}"));
            }
            last = message;
        }
        if let Some(help) = &self.help {
            text.push_str(&format!("\n  {}: {help}", style::help("help")));
        }
        text
    }
}

impl From<anyhow::Error> for Error {
    fn from(cause: anyhow::Error) -> Self {
        Self::environment(cause)
    }
}
