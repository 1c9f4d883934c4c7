//! What the probes that must be asked for cost a run, and what comparisons cost: in passes over the data, counted as the
//! probes make them, and so in seconds as rough as all others.

use serde::Serialize;
use traipse_sweep::Plan;
use traipse_sweep::settings::Course;
use traipse_sweep::spec::{
    Align, At, Compare, CompareProbe, Groups, Instant, Measure, Probes, Segment, SweepSpec, TraceMethod, chosen,
};

use crate::sizes::{FLOPS_PER_SECOND, Terms};

/// Products of a Hessian snapshot beside its Lanczos steps: both residuals, both Gauss–Newton shares, the gradient, two
/// displacements, five components.
const EXTRA_PRODUCTS: f64 = 12.0;
/// A Hessian-vector product is this many gradients.
const GRADIENTS_A_PRODUCT: f64 = 2.0;
/// Double precision takes twice the time.
const DOUBLE: f64 = 2.0;

/// What one probe costs one run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ProbeCost {
    /// Its sub-table.
    pub(crate) probe: &'static str,
    /// Snapshots at which it measures; planes of a surface, segments of an interpolation.
    pub(crate) n_snapshots: u64,
    /// Hessian-vector products.
    pub(crate) products: f64,
    /// Gradients of the probe set.
    pub(crate) gradients: f64,
    /// Forward passes over the probe set.
    pub(crate) passes: f64,
    /// Forward passes over the test set.
    pub(crate) test_passes: f64,
    /// Vectors that it keeps while it measures.
    pub(crate) memory_bytes: f64,
    /// Seconds of one core, roughly.
    pub(crate) seconds: f64,
    /// The same in epochs of the run's training.
    pub(crate) epochs: f64,
    /// What lies beside the counts above: passes over all data, in double precision.
    #[serde(skip)]
    flops: f64,
}

impl ProbeCost {
    fn new(probe: &'static str, n_snapshots: usize) -> Self {
        Self {
            probe,
            n_snapshots: n_snapshots as u64,
            products: 0.0,
            gradients: 0.0,
            passes: 0.0,
            test_passes: 0.0,
            memory_bytes: 0.0,
            seconds: 0.0,
            epochs: 0.0,
            flops: 0.0,
        }
    }

    /// Turns the counts into time.
    fn timed(mut self, terms: &Terms) -> Self {
        let examples = GRADIENTS_A_PRODUCT * self.products + self.gradients;
        let on_probe_set = terms.n_probe * (examples * terms.gradient + self.passes * terms.forward);
        let flops = on_probe_set + self.test_passes * terms.n_test * terms.forward + self.flops;
        self.seconds = terms.slower * flops / FLOPS_PER_SECOND;
        self.epochs = flops / (terms.n_train * terms.gradient);
        self
    }
}

/// The probes of a run that were asked for, in the order of the documentation; those that take no pass over any data
/// cost next to nothing and are not listed.
pub(crate) fn of_run(spec: &SweepSpec, course: &Course, terms: &Terms) -> Vec<ProbeCost> {
    let steps = spec.snapshots.steps(course);
    let n_at = |at: &At| chosen(at, &steps, course).len();
    let probes = &spec.probes;
    let costs = curvature(probes, terms, n_at).into_iter().chain(losses(probes, terms, course, n_at));
    costs.map(|cost| cost.timed(terms)).collect()
}

fn curvature(probes: &Probes, terms: &Terms, n_at: impl Fn(&At) -> usize) -> Vec<ProbeCost> {
    let mut costs = Vec::new();
    let vectors = |n: f64| n * terms.n_parameters * terms.bytes;
    // Two passes of re-orthogonalisation against all vectors so far.
    let lanczos = |n: f64| 4.0 * n * n * terms.n_parameters;
    if let Some(hessian) = &probes.hessian {
        let mut cost = ProbeCost::new("hessian", n_at(&hessian.at));
        let (n, iterations) = (cost.n_snapshots as f64, f64::from(hessian.iterations));
        (cost.products, cost.gradients) = (n * (iterations + EXTRA_PRODUCTS), n);
        cost.memory_bytes = vectors(iterations);
        let certificate = DOUBLE * GRADIENTS_A_PRODUCT * terms.gradient * terms.n_train;
        cost.flops = n * (certificate + lanczos(iterations));
        costs.push(cost);
    }
    if let Some(trace) = &probes.trace {
        let mut cost = ProbeCost::new("trace", n_at(&trace.at));
        let samples = f64::from(trace.samples);
        let (products, kept) = match trace.method {
            TraceMethod::Hutchinson => (2.0 * samples, 1.0),
            TraceMethod::HutchPlusPlus => (samples * 5.0 / 3.0, samples / 3.0),
        };
        cost.products = cost.n_snapshots as f64 * products;
        cost.memory_bytes = vectors(kept);
        costs.push(cost);
    }
    if let Some(spectrum) = &probes.spectrum {
        let mut cost = ProbeCost::new("spectrum", n_at(&spectrum.at));
        let (draws, iterations) = (f64::from(spectrum.draws), f64::from(spectrum.iterations));
        cost.products = cost.n_snapshots as f64 * draws * iterations;
        cost.memory_bytes = vectors(iterations);
        cost.flops = cost.n_snapshots as f64 * draws * lanczos(iterations);
        costs.push(cost);
    }
    costs
}

fn losses(probes: &Probes, terms: &Terms, course: &Course, n_at: impl Fn(&At) -> usize) -> Vec<ProbeCost> {
    let mut costs = Vec::new();
    let mut push = |probe, n_snapshots: usize, count: &dyn Fn(f64, &mut ProbeCost)| {
        let mut cost = ProbeCost::new(probe, n_snapshots);
        count(n_snapshots as f64, &mut cost);
        costs.push(cost);
    };
    if let Some(gradients) = &probes.gradients {
        let batches = f64::from(gradients.batches) * course.batch_rows as f64;
        push("gradients", n_at(&gradients.at), &|n, cost| {
            // Its own, that of the snapshot before, and its own once more in double precision.
            cost.gradients = n * (2.0 + DOUBLE + batches / terms.n_probe);
        });
    }
    if let Some(sharpness) = &probes.sharpness {
        push("sharpness", n_at(&sharpness.at), &|n, cost| {
            (cost.gradients, cost.passes) = (n, n * f64::from(sharpness.samples + 1));
        });
    }
    if let Some(predictions) = &probes.predictions {
        push("predictions", n_at(&predictions.at), &|n, cost| cost.test_passes = n);
    }
    if let Some(polish) = &probes.polish {
        push("polish", 1, &|_, cost| {
            cost.flops = DOUBLE * f64::from(polish.iterations) * terms.gradient * terms.n_train;
        });
    }
    if let Some(interpolation) = &probes.interpolation {
        let n = n_at(&interpolation.at).saturating_sub(1).max(1);
        let has = |segment| interpolation.segments.contains(&segment);
        // The segment from start to end is also the first of those from each snapshot to the end.
        let to_end = if has(Segment::SnapshotEnd) { n } else { usize::from(has(Segment::StartEnd)) };
        let n_segments = to_end + if has(Segment::Consecutive) { n } else { 0 };
        push("interpolation", n_segments, &|n, cost| {
            let points = n * f64::from(interpolation.points + 2);
            (cost.passes, cost.test_passes) = (points, points);
        });
    }
    if let Some(surface) = &probes.surface {
        let points = f64::from(surface.points);
        push("surface", surface.planes.len(), &|n, cost| cost.passes = n * points * points);
    }
    if let Some(layers) = &probes.layers {
        push("layers", n_at(&layers.at), &|n, cost| cost.gradients = n);
    }
    costs
}

/// Seconds of one core of one comparison, roughly.
pub(crate) fn of_comparison(compare: &Compare, plan: &Plan, terms: &Terms) -> f64 {
    let n_members = if compare.groups == Groups::All { n_values(plan, &compare.over) } else { 2 };
    let at = compare.at.len() as f64;
    let curves = match compare.probe {
        CompareProbe::Interpolation => {
            let examples = |measure: &Measure| match measure {
                Measure::Train => terms.n_train,
                Measure::Test => terms.n_test,
            };
            let examples: f64 = compare.measure.iter().map(examples).sum();
            compare.align.len() as f64 * f64::from(compare.points + 2) * examples
        }
        _ => 0.0,
    };
    let predicts = matches!(compare.probe, CompareProbe::Interpolation | CompareProbe::Prediction);
    let predictions = if predicts { n_members as f64 * terms.n_test } else { 0.0 };
    terms.slower * at * (curves + predictions) * terms.forward / FLOPS_PER_SECOND
}

/// The most values that an axis or a replicate has.
fn n_values(plan: &Plan, over: &str) -> usize {
    let spec = plan.spec();
    let axes = spec.products.iter().flat_map(|product| &product.axes).filter(|axis| axis.key == over);
    let seeds = spec.replicates.iter().filter(|axis| axis.key.as_str() == over).map(|axis| axis.values.len());
    let branches = if over == "branch" { spec.n_branches as usize } else { 0 };
    axes.map(|axis| axis.values.len()).chain(seeds).chain([branches]).max().unwrap_or(0)
}

/// Snapshots that a run leaves in the artifact store for its comparisons: the start, the fork, and what they name.
pub(crate) fn members_snapshots(spec: &SweepSpec) -> u64 {
    let mut named: Vec<Instant> = spec.compare.iter().flat_map(|compare| compare.at.iter().copied()).collect();
    named.push(Instant::Start);
    named.sort_unstable();
    named.dedup();
    if spec.compare.is_empty() { 0 } else { named.len() as u64 + u64::from(spec.forks()) }
}

/// A comparison in a few words: `pairs over branch, interpolation, aligned too`.
pub(crate) fn words(compare: &Compare) -> String {
    let groups = match compare.groups {
        Groups::Pairs => "pairs",
        Groups::Neighbours => "neighbours",
        Groups::All => "all",
    };
    let aligned = if compare.align.contains(&Align::Weights) { ", aligned" } else { "" };
    format!("{groups} over {}, {}{aligned}", compare.over, compare.probe.as_str())
}
