//! Colours, by meaning. The streams drop them where they are not wanted.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();
const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const WARNING: Style = AnsiColor::Yellow.on_default();

/// Says that something is wrong.
pub(crate) fn error(text: impl Display) -> String {
    paint(ERROR, text)
}

/// Says what to do about it.
pub(crate) fn help(text: impl Display) -> String {
    paint(HELP, text)
}

/// What the eye should find first.
pub(crate) fn strong(text: impl Display) -> String {
    paint(STRONG, text)
}

/// What it may skip.
pub(crate) fn faint(text: impl Display) -> String {
    paint(FAINT, text)
}

/// As hoped.
pub(crate) fn good(text: impl Display) -> String {
    paint(GOOD, text)
}

/// Not as hoped.
pub(crate) fn warning(text: impl Display) -> String {
    paint(WARNING, text)
}

fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}
