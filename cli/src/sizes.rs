//! Which sizes a sweep's runs have: its distinct combinations of data, network and length, without walking the grid.
//!
//! A grid of ten million runs has few sizes: seeds, rates and the like change none. Only the axes that do are walked.

use std::collections::{BTreeMap, BTreeSet};

use traipse_sweep::network::{Layer, Network};
use traipse_sweep::settings::{Course, DataSettings, ModelKind, Precision, RunSettings};
use traipse_sweep::spec::{ProbeExamples, Product, SweepSpec};
use traipse_sweep::{JobNumber, Plan};

use crate::data_sizes::DataSizes;
use crate::output::network::multiply_adds;
use crate::probe_costs::{self, ProbeCost};

/// Most combinations that are looked at; of more, that many, evenly spread.
const MAX_COMBINATIONS: u64 = 1 << 14;

/// Settings that decide a run's size, beside all of `data.*` and `model.*`.
const SIZE_KEYS: [&str; 11] = [
    "train.batch_size",
    "train.epochs",
    "train.steps",
    "train.examples",
    "train.last_batch",
    // These decide what data and what time a run takes.
    "train.loss",
    "train.stop",
    "train.augment",
    "train.precision",
    // These must lie before the end.
    "fork.epoch",
    "fork.step",
];

/// Settings below `model.` that do not.
const SAME_SIZE_KEYS: [&str; 4] = ["model.activation", "model.dropout", "model.init", "model.init_scale"];

/// Settings below `data.` that do not.
const SAME_DATA_KEYS: [&str; 4] = ["data.scale", "data.seed", "data.label_noise", "data.noise"];

/// Runs of one size.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// The first job of that size.
    pub(crate) job: JobNumber,
    /// Its settings.
    pub(crate) settings: RunSettings,
    /// About how many runs have that size (a share of the combinations that were looked at).
    pub(crate) n_runs: f64,
}

/// The sizes of a sweep's runs, in the order of their jobs. Excluded runs have none.
pub(crate) fn shapes(plan: &Plan) -> Vec<Shape> {
    let spec = plan.spec();
    let replicates = u64::from(plan.n_replicates());
    let mut shapes = Vec::new();
    let mut first_cell = 0;
    for product in &spec.products {
        let dials = dials(spec, product);
        let n_cells: u64 = dials.iter().map(|dial| dial.n_values).product();
        let n_combinations: u64 = dials.iter().filter(|dial| dial.counts).map(|dial| dial.n_values).product();
        let stride = n_combinations.div_ceil(MAX_COMBINATIONS);
        let looked_at = n_combinations.div_ceil(stride);
        for at in 0..looked_at {
            let cell = first_cell + cell_of(&dials, at * stride);
            let job = plan.job_of_run(cell * replicates);
            if !plan.is_excluded(job) {
                let n_runs = n_cells as f64 * replicates as f64 / looked_at as f64;
                shapes.push(Shape { job, settings: plan.settings(job), n_runs });
            }
        }
        first_cell += n_cells;
    }
    let total: f64 = shapes.iter().map(|shape| shape.n_runs).sum();
    // Exclusions over axes that decide no size take their share from every size.
    shapes.iter_mut().for_each(|shape| shape.n_runs *= plan.n_runs() as f64 / total);
    shapes
}

/// The data sets that a sweep trains on.
pub(crate) fn data_sets(shapes: &[Shape]) -> Vec<DataSettings> {
    let sets: BTreeMap<String, &DataSettings> =
        shapes.iter().map(|shape| (format!("{:?}", shape.settings.data), &shape.settings.data)).collect();
    sets.into_values().cloned().collect()
}

/// One axis, or axes that advance together.
struct Dial {
    n_values: u64,
    counts: bool,
}

/// A product's dials in the order of its axes; the last varies fastest.
fn dials(spec: &SweepSpec, product: &Product) -> Vec<Dial> {
    let sizing = sizing_keys(spec, product);
    let mut dials: Vec<(Vec<&str>, u64)> = Vec::new();
    for axis in &product.axes {
        let partners = spec.zip.iter().find(|keys| keys.contains(&axis.key));
        let zipped = dials.iter_mut().find(|(keys, _)| {
            partners.is_some_and(|partners| keys.iter().any(|key| partners.iter().any(|partner| partner == key)))
        });
        match zipped {
            Some((keys, _)) => keys.push(&axis.key),
            None => dials.push((vec![&axis.key], axis.values.len() as u64)),
        }
    }
    let dial =
        |(keys, n_values): (Vec<&str>, u64)| Dial { n_values, counts: keys.iter().any(|key| sizing.contains(key)) };
    dials.into_iter().map(dial).collect()
}

/// The axes that decide sizes, and those that an exclusion ties to them.
fn sizing_keys<'a>(spec: &'a SweepSpec, product: &'a Product) -> BTreeSet<&'a str> {
    let mut keys: BTreeSet<&str> =
        product.axes.iter().map(|axis| axis.key.as_str()).filter(|key| decides_size(key)).collect();
    loop {
        let before = keys.len();
        for exclusion in &spec.exclude {
            if exclusion.iter().any(|(key, _)| keys.contains(key.as_str())) {
                keys.extend(exclusion.iter().map(|(key, _)| key.as_str()));
            }
        }
        if keys.len() == before {
            return keys;
        }
    }
}

fn decides_size(key: &str) -> bool {
    SIZE_KEYS.contains(&key)
        || (key.starts_with("model.") && !SAME_SIZE_KEYS.contains(&key))
        || (key.starts_with("data.") && !SAME_DATA_KEYS.contains(&key))
}

/// The cell whose counting dials show combination `at` and whose others show their first value.
fn cell_of(dials: &[Dial], mut at: u64) -> u64 {
    let mut cell = 0;
    let mut place = 1;
    for dial in dials.iter().rev() {
        if dial.counts {
            cell += place * (at % dial.n_values);
            at /= dial.n_values;
        }
        place *= dial.n_values;
    }
    cell
}

/// What a network holds and does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NetworkSizes {
    /// Weights and biases.
    pub(crate) n_parameters: u64,
    /// Multiply-adds of one example on its way through, as many as take the same time in dense layers.
    pub(crate) forward: u64,
    /// Of these, those of the layers that read the example itself.
    pub(crate) first: u64,
}

impl NetworkSizes {
    /// Of a network.
    pub(crate) fn of(network: &Network) -> Self {
        let mut sizes = Self { n_parameters: network.n_parameters as u64, forward: 0, first: 0 };
        for node in &network.nodes {
            let slowness = if matches!(node.layer, Layer::Conv { .. }) { CONV_SLOWNESS } else { 1 };
            let work = multiply_adds(node).saturating_mul(slowness);
            sizes.forward = sizes.forward.saturating_add(work);
            sizes.first = sizes.first.saturating_add(if node.input == 0 { work } else { 0 });
        }
        sizes
    }
}

/// What one run costs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cost {
    /// Snapshots.
    pub(crate) n_snapshots: u64,
    /// Weights and biases.
    pub(crate) n_parameters: u64,
    /// Bytes in the tables.
    pub(crate) result_bytes: f64,
    /// Bytes of the snapshots while it runs.
    pub(crate) snapshot_bytes: f64,
    /// Seconds of one core, roughly.
    pub(crate) seconds: f64,
    /// What of that the probes that were asked for take.
    pub(crate) probes: Vec<ProbeCost>,
    /// What costs are made of; none where nothing is trained.
    pub(crate) terms: Option<Terms>,
}

/// What costs are made of: operations of one example, and how many examples there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Terms {
    /// Operations of one example on its way through.
    pub(crate) forward: f64,
    /// Of its gradient, the way through with it.
    pub(crate) gradient: f64,
    /// Examples of the probe set.
    pub(crate) n_probe: f64,
    /// Training examples.
    pub(crate) n_train: f64,
    /// Test examples.
    pub(crate) n_test: f64,
    /// Weights and biases.
    pub(crate) n_parameters: f64,
    /// How many times longer the precision takes.
    pub(crate) slower: f64,
    /// Bytes of a number.
    pub(crate) bytes: f64,
}

impl Terms {
    fn of(spec: &SweepSpec, settings: &RunSettings, network: &NetworkSizes, data: DataSizes) -> Self {
        let forward = 2.0 * network.forward as f64;
        let n_probe = match spec.probes.examples {
            ProbeExamples::First(n) => n.min(data.n_train),
            ProbeExamples::All => data.n_train,
        };
        // Vectors hold half as many numbers of twice the bits.
        let (slower, bytes) = if settings.train.precision == Precision::F64 { (2.0, 8.0) } else { (1.0, 4.0) };
        Self {
            forward,
            // Backward is two products a layer; the first layer's input needs no gradient.
            gradient: 3.0 * forward - 2.0 * network.first as f64,
            n_probe: n_probe as f64,
            n_train: data.n_train as f64,
            n_test: data.n_test as f64,
            n_parameters: network.n_parameters as f64,
            slower,
            bytes,
        }
    }
}

/// Multiply-adds a second of one core, counted as two: far below the peak, since networks of sweeps are small.
pub(crate) const FLOPS_PER_SECOND: f64 = 1.5e11;
/// How many times longer a multiply-add takes in a convolution, its norm and activation with it: LeNet-5 and ResNet-8
/// took 1.9 times what dense layers would.
const CONV_SLOWNESS: u64 = 2;
/// What an optimiser step costs beside its products.
const SECONDS_PER_STEP: f64 = 4e-6;
/// What a run costs beside its steps: a lease, a report, a commit.
const SECONDS_PER_RUN: f64 = 6e-5;
/// Bytes of one row of each table as it lies in Parquet, measured.
const RUN_BYTES: f64 = 850.0;
const NOOP_RUN_BYTES: f64 = 40.0;
const SNAPSHOT_ROW_BYTES: f64 = 255.0;
const NULL_ROW_BYTES: f64 = 30.0;
const STATISTICS_ROW_BYTES: f64 = 100.0;
/// Metrics of a run and of a snapshot that statistics are taken of.
const METRICS_PER_RUN: f64 = 81.0;
const METRICS_PER_SNAPSHOT: f64 = 24.0;
/// Snapshots above which the Gram matrix is not kept.
const GRAM_MAX_SNAPSHOTS: u64 = 256;
/// Windows times statistics of the nulls table.
const NULL_ROWS_PER_KIND: usize = 12;

/// A rough cost of one run: products counted exactly, everything else by constants.
pub(crate) fn cost(spec: &SweepSpec, settings: &RunSettings, course: &Course, data: DataSizes) -> Cost {
    let network = (settings.model.kind != ModelKind::Noop)
        .then(|| Network::of(settings, data.shape, data.n_outputs as usize))
        .and_then(Result::ok);
    let Some(network) = network.as_ref().map(NetworkSizes::of) else {
        return Cost {
            n_snapshots: 0,
            n_parameters: 0,
            result_bytes: NOOP_RUN_BYTES,
            snapshot_bytes: 0.0,
            seconds: SECONDS_PER_RUN,
            probes: Vec::new(),
            terms: None,
        };
    };
    let n_snapshots = spec.snapshots.steps(course).len() as u64;
    let terms = Terms::of(spec, settings, &network, data);
    let Terms { forward, gradient, n_probe, n_train, n_test, n_parameters, slower, bytes } = terms;
    let snapshots = n_snapshots as f64;
    let examples = course.total_steps as f64 * course.batch_rows as f64;
    let always = snapshots * (gradient * n_probe + forward * n_test + snapshots * n_parameters);
    let flops = slower * (examples * gradient + always + 3.0 * forward * n_train);
    let probes = probe_costs::of_run(spec, course, &terms);
    let asked_for: f64 = probes.iter().map(|probe| probe.seconds).sum();
    let gram = if n_snapshots <= GRAM_MAX_SNAPSHOTS { snapshots * (snapshots - 1.0) / 2.0 * 8.0 } else { 0.0 };
    Cost {
        n_snapshots,
        n_parameters: network.n_parameters,
        result_bytes: RUN_BYTES
            + snapshots * SNAPSHOT_ROW_BYTES
            + gram
            + (spec.probes.nulls.kinds.len() * NULL_ROWS_PER_KIND) as f64 * NULL_ROW_BYTES,
        snapshot_bytes: snapshots * n_parameters * bytes,
        seconds: flops / FLOPS_PER_SECOND + asked_for + course.total_steps as f64 * SECONDS_PER_STEP + SECONDS_PER_RUN,
        probes,
        terms: Some(terms),
    }
}

/// Bytes in the statistics of one cell, roughly.
pub(crate) fn statistics_bytes(cost: &Cost) -> f64 {
    match cost.n_snapshots {
        0 => 0.0,
        n => (METRICS_PER_RUN + METRICS_PER_SNAPSHOT * n as f64) * STATISTICS_ROW_BYTES,
    }
}
