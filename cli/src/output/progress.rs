//! Progress of a sweep: a bar on a terminal, a plain line every few seconds elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use traipse_proto::v1::SweepStatus;

use crate::output::units::{count, duration, rate};
use crate::output::{Screen, Volume, style};

/// Between two plain lines.
const LINE_INTERVAL: Duration = Duration::from_secs(5);
/// Before this much has passed, nothing is said about the time that is left or about workers that are missing.
const SAY_AFTER: Duration = Duration::from_secs(1);

/// Shows how far a sweep is.
#[derive(Debug)]
pub(crate) struct Progress {
    screen: Screen,
    bar: Option<ProgressBar>,
    began: Option<Began>,
    said: Option<Instant>,
}

/// When we began to look, and what was done already then.
#[derive(Clone, Copy, Debug)]
struct Began {
    at: Instant,
    n_ended: u64,
}

impl Progress {
    /// Nothing is shown before the first update, nor with `-q`.
    pub(crate) fn new(screen: &Screen) -> Self {
        Self { screen: screen.clone(), bar: None, began: None, said: None }
    }

    /// Shows these counts.
    pub(crate) fn update(&mut self, status: &SweepStatus) {
        if self.screen.volume() == Volume::Quiet {
            return;
        }
        let now = Instant::now();
        let began = *self.began.get_or_insert(Began { at: now, n_ended: status.n_ended() });
        if self.screen.draws() {
            let bar = self.bar.get_or_insert_with(|| new_bar(&self.screen));
            bar.set_length(status.n_jobs());
            bar.set_position(status.n_ended());
            bar.set_message(details(status, began, now));
        } else if self.said.is_none_or(|said| now - said >= LINE_INTERVAL) {
            self.said = Some(now);
            self.screen.note(line(status, began, now));
        }
    }

    /// Takes the bar away, and says the last counts where lines are plain.
    pub(crate) fn finish(mut self, last: Option<&SweepStatus>) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
            self.screen.bars().remove(&bar);
        } else if let (Some(status), Some(began)) = (last, self.began) {
            self.screen.note(line(status, began, Instant::now()));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn new_bar(screen: &Screen) -> ProgressBar {
    let template = if screen.colours() {
        "{spinner:.cyan} {bar:32.cyan/dim} {human_pos}/{human_len} runs  {wide_msg}"
    } else {
        "{spinner} {bar:32} {human_pos}/{human_len} runs  {wide_msg}"
    };
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─")
        .tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ");
    let bar = screen.bars().add(ProgressBar::new(0).with_style(style));
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn line(status: &SweepStatus, began: Began, now: Instant) -> String {
    let jobs = if status.n_comparisons == 0 { "runs" } else { "jobs" };
    let done = format!("{} of {} {jobs}", count(status.n_ended()), count(status.n_jobs()));
    format!("{done}  {}", details(status, began, now)).trim_end().to_owned()
}

/// `12 runs/s  40 s left  2 diverged`.
fn details(status: &SweepStatus, began: Began, now: Instant) -> String {
    let elapsed = (now - began.at).as_secs_f64();
    let n_left = status.n_jobs().saturating_sub(status.n_ended());
    let n_here = status.n_ended().saturating_sub(began.n_ended);
    let mut parts = Vec::new();
    if n_here > 0 {
        // The coordinator's figure is of the last seconds; at the end the mean says more.
        let now = if n_left > 0 && status.rate > 0.0 { status.rate } else { n_here as f64 / elapsed.max(1e-3) };
        let what = if status.n_comparisons == 0 { "runs" } else { "jobs" };
        parts.push(format!("{} {what}/s", rate(now)));
    }
    if n_left > 0 && n_here > 0 && elapsed >= SAY_AFTER.as_secs_f64() {
        // Any prefix of a balanced order covers the grid evenly: the mean so far is a fair guess.
        let left = elapsed / n_here as f64 * n_left as f64;
        parts.push(format!("{} left", duration(Duration::from_secs_f64(left))));
    }
    if status.n_workers == 0 && n_left > 0 && elapsed >= SAY_AFTER.as_secs_f64() {
        parts.push(style::warning("waiting for a worker"));
    }
    if status.n_diverged > 0 {
        parts.push(style::warning(format!("{} diverged", count(status.n_diverged))));
    }
    let n_failed = status.n_failed + status.n_quarantined;
    if n_failed > 0 {
        parts.push(style::error(format!("{} failed", count(n_failed))));
    }
    parts.join("  ")
}
