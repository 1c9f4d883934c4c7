//! What people and scripts read: stdout for results, stderr for progress and logs, colour only where it is wanted.

pub(crate) mod cells;
pub(crate) mod collected;
pub(crate) mod network;
pub(crate) mod progress;
pub(crate) mod status;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod units;
pub(crate) mod workers;

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::MultiProgress;
use serde::Serialize;

use crate::error::Error;

/// How much is said beside the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Volume {
    /// Errors alone.
    Quiet,
    /// Progress and warnings.
    Normal,
    /// What the rooms do.
    Verbose,
    /// And why.
    Debug,
    /// And what the libraries do.
    Trace,
}

/// Where output goes: a cheap handle.
#[derive(Clone, Debug)]
pub(crate) struct Screen {
    volume: Volume,
    bars: MultiProgress,
    draws: bool,
    colours: bool,
    // Whoever read stdout has gone (`traipse status | head`): what is left is dropped, which is no error.
    unread: Arc<AtomicBool>,
}

impl Screen {
    /// A screen on this process's stdout and stderr.
    pub(crate) fn new(volume: Volume) -> Self {
        let stderr = io::stderr();
        let choice = anstream::AutoStream::choice(&stderr);
        Self {
            volume,
            bars: MultiProgress::new(),
            draws: stderr.is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
            colours: choice != anstream::ColorChoice::Never,
            unread: Arc::default(),
        }
    }

    /// How much is said.
    pub(crate) fn volume(&self) -> Volume {
        self.volume
    }

    /// Whether stderr is a terminal on which lines can be redrawn.
    pub(crate) fn draws(&self) -> bool {
        self.draws
    }

    /// Whether stderr takes colour.
    pub(crate) fn colours(&self) -> bool {
        self.colours
    }

    /// Where bars are drawn.
    pub(crate) fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Prints a result on stdout, with a line's end.
    ///
    /// # Errors
    /// If stdout cannot be written to, but for a reader that has gone.
    pub(crate) fn print(&self, text: impl Display) -> Result<(), Error> {
        if self.unread.load(Ordering::Relaxed) {
            return Ok(());
        }
        let written = self.bars.suspend(|| {
            let mut stdout = anstream::stdout().lock();
            writeln!(stdout, "{text}").and_then(|()| stdout.flush())
        });
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.unread.store(true, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => Err(Error::environment(anyhow::Error::new(error).context("cannot write to stdout"))),
            Ok(()) => Ok(()),
        }
    }

    /// Prints a value as JSON on stdout.
    ///
    /// # Errors
    /// As [`Screen::print`].
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(value).map_err(Error::environment)?;
        self.print(text)
    }

    /// Says something beside the results on stderr, unless `-q` was given.
    pub(crate) fn note(&self, text: impl Display) {
        if self.volume > Volume::Quiet {
            self.alert(text);
        }
    }

    /// Says something on stderr, whatever was given. A stderr that nobody reads is no error.
    pub(crate) fn alert(&self, text: impl Display) {
        self.bars.suspend(|| {
            let _ = writeln!(anstream::stderr().lock(), "{text}");
        });
    }
}
