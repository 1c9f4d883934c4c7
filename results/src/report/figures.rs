//! The figures of a report, and why others are missing.

use std::fmt::Write as _;

use super::escape::escape;
use crate::figure::{CATALOGUE, Choice, svg};
use crate::{Error, Tables};

/// A figure in the page, or why it is not there.
pub(crate) enum Drawn {
    /// It stands in the page.
    Shown { name: &'static str, svg: String, caption: String, title: String },
    /// What it shows was not measured.
    Missing { shows: &'static str, needs: Option<&'static str>, why: String },
}

/// Draws every figure that the tables have data for.
pub(crate) fn draw_all(tables: &Tables, choice: &Choice) -> Result<Vec<Drawn>, Error> {
    let draw = |entry: &'static crate::figure::Entry| match entry.make(tables, choice) {
        Ok(figure) => {
            let (name, svg) = (entry.name, svg(&figure)?);
            Ok(Drawn::Shown { name, svg, caption: figure.caption, title: figure.title })
        }
        Err(Error::NotMeasured { what, .. }) => {
            Ok(Drawn::Missing { shows: entry.shows, needs: entry.needs, why: what })
        }
        Err(error) => Err(error),
    };
    CATALOGUE.iter().map(draw).collect()
}

/// The figures as a section.
pub(crate) fn section(figures: &[Drawn], choice: &Choice) -> String {
    let mut html = "<section id=\"figures\"><h2>Figures</h2>".to_owned();
    let _ = write!(
        html,
        "<p>Figures of single runs show {}; those of one run, run {}. <code>traipse plot DIR --figure NAME --cell N</code> \
         draws others, with their data as CSV.</p>",
        escape(&choice.words()),
        choice.run
    );
    for drawn in figures {
        if let Drawn::Shown { name, svg, caption, title } = drawn {
            let labelled = svg.replacen("<svg ", &format!("<svg aria-label=\"{}\" ", escape(title)), 1);
            let _ = write!(
                html,
                "<figure id=\"{name}\">{labelled}<figcaption>{} <code>{name}</code></figcaption></figure>",
                escape(caption)
            );
        }
    }
    html + "</section>"
}

/// What was not measured, and what switches it on.
pub(crate) fn missing(figures: &[Drawn], remedies: &[String]) -> String {
    let mut html = "<section id=\"missing\"><h2>What was not measured</h2>".to_owned();
    let gone = figures.iter().filter_map(|drawn| match drawn {
        Drawn::Missing { shows, needs, why } => Some((*shows, *needs, why)),
        Drawn::Shown { .. } => None,
    });
    let mut any = false;
    html.push_str("<ul>");
    for (shows, needs, why) in gone {
        any = true;
        let needs =
            needs.map_or_else(String::new, |needs| format!(" Switch it on with <code>{}</code>.", escape(needs)));
        let why = why.split("; switch it on").next().unwrap_or_default();
        let _ = write!(html, "<li><strong>{}</strong>: {}.{needs}</li>", escape(shows), escape(why));
    }
    for remedy in remedies {
        any = true;
        let _ = write!(html, "<li>For the verdicts: {}.</li>", escape(remedy));
    }
    html.push_str("</ul>");
    if !any {
        html.push_str("<p>Everything that verdicts and figures read was measured.</p>");
    }
    html + "</section>"
}
