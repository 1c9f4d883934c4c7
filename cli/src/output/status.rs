//! A sweep's counts, for people and for scripts.

use serde::Serialize;
use traipse_proto::v1::{SweepState, SweepStatus};

use crate::error::Error;
use crate::exit::End;
use crate::output::Screen;
use crate::output::style;
use crate::output::table::{Align, TextTable};
use crate::output::units::{count, rate};

/// What JSON shows of a sweep.
#[derive(Debug, Serialize)]
pub(crate) struct StatusView<'a> {
    sweep: &'a str,
    name: &'a str,
    state: &'static str,
    n_runs: u64,
    n_excluded: u64,
    n_comparisons: u64,
    n_comparisons_done: u64,
    n_blocked: u64,
    n_ready: u64,
    n_leased: u64,
    n_backoff: u64,
    n_succeeded: u64,
    n_diverged: u64,
    n_failed: u64,
    n_quarantined: u64,
    n_cancelled: u64,
    n_lost_attempts: u64,
    runs_per_second: f64,
    n_workers: u32,
    n_slots: u32,
    /// The coordinator itself paused or stopped it.
    #[serde(skip_serializing_if = "is_false")]
    held: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    numerics: &'a str,
}

impl<'a> From<&'a SweepStatus> for StatusView<'a> {
    fn from(status: &'a SweepStatus) -> Self {
        Self {
            sweep: &status.sweep,
            name: &status.name,
            state: status.state().as_str(),
            n_runs: status.n_runs,
            n_excluded: status.n_excluded,
            n_comparisons: status.n_comparisons,
            n_comparisons_done: status.n_comparisons_done,
            n_blocked: status.n_blocked,
            n_ready: status.n_ready,
            n_leased: status.n_leased,
            n_backoff: status.n_backoff,
            n_succeeded: status.n_succeeded,
            n_diverged: status.n_diverged,
            n_failed: status.n_failed,
            n_quarantined: status.n_quarantined,
            n_cancelled: status.n_cancelled,
            n_lost_attempts: status.n_lost_attempts,
            runs_per_second: status.rate,
            n_workers: status.n_workers,
            n_slots: status.n_slots,
            held: status.held,
            message: &status.message,
            numerics: &status.numerics,
        }
    }
}

/// Prints one sweep in full, or as JSON.
///
/// # Errors
/// If stdout cannot be written to.
pub(crate) fn show(screen: &Screen, status: &SweepStatus, json: bool) -> Result<(), Error> {
    if json { screen.json(&StatusView::from(status)) } else { screen.print(one(status)) }
}

/// Sweeps one a line.
pub(crate) fn list(sweeps: &[SweepStatus]) -> String {
    let columns = [
        ("sweep", Align::Left),
        ("name", Align::Left),
        ("state", Align::Left),
        ("done", Align::Right),
        ("jobs", Align::Right),
        ("running", Align::Right),
        ("failed", Align::Right),
        ("runs/s", Align::Right),
    ];
    let mut table = TextTable::new(columns.map(|(title, align)| (title.to_owned(), align)));
    for status in sweeps {
        table.row(vec![
            status.sweep.clone(),
            style::strong(&status.name),
            state_word(status),
            count(status.n_ended()),
            count(status.n_jobs()),
            count(status.n_leased),
            failures(status),
            if status.state().is_over() { "-".to_owned() } else { rate(status.rate) },
        ]);
    }
    table.render()
}

/// One sweep in full.
pub(crate) fn one(status: &SweepStatus) -> String {
    let mut lines = vec![format!("{}  {}", style::strong(&status.name), style::faint(&status.sweep))];
    let mut line = |label: &str, text: String| lines.push(format!("  {} {text}", style::faint(format!("{label:<9}"))));
    line("state", state_word(status));
    let n_runs_done = status.n_ended().saturating_sub(status.n_comparisons_done);
    line(
        "runs",
        format!("{} of {} done{}", count(n_runs_done.min(status.n_runs)), count(status.n_runs), excluded(status)),
    );
    if status.n_comparisons > 0 {
        let (done, all) = (count(status.n_comparisons_done), count(status.n_comparisons));
        line("compared", format!("{done} of {all} comparisons done, {} wait for their runs", count(status.n_blocked)));
    }
    line("outcomes", outcomes(status));
    if !status.state().is_over() {
        let (ready, leased) = (count(status.n_ready), count(status.n_leased));
        line("under way", format!("{leased} running, {ready} ready, {} backing off", count(status.n_backoff)));
        line("workers", format!("{} with {} slots, {} runs/s", status.n_workers, status.n_slots, rate(status.rate)));
    }
    if status.n_lost_attempts > 0 {
        line("attempts", format!("{} failed or were lost", count(status.n_lost_attempts)));
    }
    if !status.message.is_empty() {
        line("message", style::warning(&status.message));
    }
    if let Some(remedy) = remedy(status) {
        line("remedy", remedy);
    }
    lines.join("\n")
}

/// `58 succeeded, 2 diverged`.
pub(crate) fn outcomes(status: &SweepStatus) -> String {
    let counts = [
        (status.n_succeeded, "succeeded"),
        (status.n_diverged, "diverged"),
        (status.n_failed, "failed"),
        (status.n_quarantined, "quarantined"),
        (status.n_cancelled, "cancelled"),
    ];
    let shown: Vec<String> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{} {word}", count(*n))).collect();
    if shown.is_empty() { "none yet".to_owned() } else { shown.join(", ") }
}

/// How a verb ends that followed a sweep to its end. A diverged run is a result.
pub(crate) fn end(status: &SweepStatus) -> End {
    let all = status.n_failed + status.n_quarantined + status.n_cancelled == 0;
    if status.state() == SweepState::Completed && all { End::Done } else { End::RunsFailed }
}

/// Whether a sweep waits for a person, because the coordinator paused it.
pub(crate) fn is_held(status: &SweepStatus) -> bool {
    status.held && status.state() == SweepState::Paused
}

/// What to do about a sweep that the coordinator itself paused or stopped.
pub(crate) fn remedy(status: &SweepStatus) -> Option<String> {
    let sweep = &status.sweep;
    match status.state() {
        SweepState::Paused if status.held => {
            Some(format!("mend that, then  traipse resume {sweep}  or give it up with  traipse cancel {sweep}"))
        }
        SweepState::Stopped => Some(format!("mend that, then  traipse retry {sweep}  to run what is not done")),
        _ => None,
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

fn excluded(status: &SweepStatus) -> String {
    match status.n_excluded {
        0 => String::new(),
        n => format!(" ({} more are excluded)", count(n)),
    }
}

fn failures(status: &SweepStatus) -> String {
    match status.n_failed + status.n_quarantined {
        0 => "0".to_owned(),
        n => style::error(count(n)),
    }
}

fn state_word(status: &SweepStatus) -> String {
    let word = status.state().as_str();
    match status.state() {
        SweepState::Completed => style::good(word),
        SweepState::Active => word.to_owned(),
        _ => style::warning(word),
    }
}
