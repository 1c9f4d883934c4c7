//! The cost of what was asked for: probes of the costliest run, comparisons, and what these keep in the store.

use std::time::Duration;

use serde::Serialize;
use traipse_sweep::Plan;

use crate::output::units::{bytes, count, counted, duration};
use crate::probe_costs::{self, ProbeCost};
use crate::sizes::{Cost, Shape};

/// What one `[[compare]]` comes to.
#[derive(Debug, Serialize)]
pub(super) struct ComparePreview {
    /// `pairs over branch, interpolation`.
    words: String,
    n: u64,
    /// Seconds of one core of one of them, for the largest network.
    seconds: f64,
}

/// The cost of what was asked for.
#[derive(Debug, Serialize)]
pub(super) struct AskedFor {
    /// Of the run that costs most.
    probes: Vec<ProbeCost>,
    compare: Vec<ComparePreview>,
    /// Jobs that are comparisons.
    n_comparisons: u64,
    /// Bytes of snapshots that runs leave in the artifact store until they are compared, at most.
    members_bytes: f64,
    /// Seconds of one core of all comparisons together.
    #[serde(skip)]
    pub(super) compare_seconds: f64,
}

impl AskedFor {
    pub(super) fn new(plan: &Plan, shapes: &[Shape], costs: &[Cost]) -> Self {
        let spec = plan.spec();
        let costliest = costs.iter().max_by(|a, b| a.seconds.total_cmp(&b.seconds));
        let compare: Vec<ComparePreview> = spec
            .compare
            .iter()
            .enumerate()
            .map(|(at, compare)| {
                let terms = costs.iter().filter_map(|cost| cost.terms.as_ref());
                let one = terms.map(|terms| probe_costs::of_comparison(compare, plan, terms)).fold(0.0, f64::max);
                ComparePreview { words: probe_costs::words(compare), n: plan.n_comparisons_of(at), seconds: one }
            })
            .collect();
        let members = probe_costs::members_snapshots(spec) as f64;
        let weights = |cost: &Cost| cost.terms.map_or(0.0, |terms| terms.n_parameters * terms.bytes);
        Self {
            probes: costliest.map(|cost| cost.probes.clone()).unwrap_or_default(),
            n_comparisons: plan.n_comparisons(),
            members_bytes: shapes.iter().zip(costs).map(|(shape, cost)| shape.n_runs * members * weights(cost)).sum(),
            compare_seconds: compare.iter().map(|compare| compare.n as f64 * compare.seconds).sum(),
            compare,
        }
    }

    /// Lines by label.
    pub(super) fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines: Vec<(&str, String)> = self.probes.iter().map(|probe| ("probe", probe_text(probe))).collect();
        lines.extend(self.compare.iter().map(|compare| ("compare", compare.text())));
        if self.members_bytes > 0.0 {
            let text = format!("up to {} of snapshots until all is compared", bytes(self.members_bytes));
            lines.push(("store", text));
        }
        lines
    }

    /// `4 runs and 2 comparisons`.
    pub(super) fn jobs_text(&self, n_runs: u64) -> String {
        match self.n_comparisons {
            0 => format!("{}, one a run", count(n_runs)),
            n => format!("{} and {}", counted(n_runs, "run"), counted(n, "comparison")),
        }
    }
}

impl ComparePreview {
    fn text(&self) -> String {
        let each = if self.seconds > 0.0 { format!(", about {} each", seconds(self.seconds)) } else { String::new() };
        format!("{} × {}{each}", count(self.n), self.words)
    }
}

/// `hessian: 9 × 72 Hessian-vector products, 10 gradients …, about 4.2 min of the costliest run, as 12 epochs of its training; keeps 65 MB`.
fn probe_text(probe: &ProbeCost) -> String {
    let what = match probe.probe {
        "interpolation" => counted(probe.n_snapshots, "segment"),
        "surface" => counted(probe.n_snapshots, "plane"),
        "polish" => "from the end".to_owned(),
        _ => counted(probe.n_snapshots, "snapshot"),
    };
    let counts = [
        (probe.products, "Hessian-vector product"),
        (probe.gradients, "gradient of the probe set"),
        (probe.passes, "pass over the probe set"),
        (probe.test_passes, "pass over the test set"),
    ];
    let mut parts: Vec<String> =
        counts.iter().filter(|(n, _)| *n > 0.0).map(|(n, noun)| amount(n.ceil() as u64, noun)).collect();
    parts.insert(0, what);
    let keeps = match probe.memory_bytes {
        0.0 => String::new(),
        n => format!("; keeps {} meanwhile", bytes(n)),
    };
    let time = seconds(probe.seconds);
    format!(
        "{}: {}: about {time} a run, {:.1} epochs of its training{keeps}",
        probe.probe,
        parts.join(", "),
        probe.epochs
    )
}

/// `2 gradients of the probe set`: the noun is the first word, or `Hessian-vector product`.
fn amount(n: u64, noun: &str) -> String {
    let (head, rest) = match noun.split_once(" of ") {
        Some((head, rest)) => (head, format!(" of {rest}")),
        None => noun.split_once(" over ").map_or((noun, String::new()), |(head, rest)| (head, format!(" over {rest}"))),
    };
    let plural = if head.ends_with("ss") { "es" } else { "s" };
    format!("{} {head}{}{rest}", count(n), if n == 1 { "" } else { plural })
}

/// Also where it is less than a second.
fn seconds(seconds: f64) -> String {
    match seconds {
        s if s < 0.01 => "no time".into(),
        s if s < 10.0 => format!("{s:.2} s"),
        s => duration(Duration::from_secs_f64(s)),
    }
}
