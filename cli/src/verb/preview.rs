//! `traipse preview SPEC`: what a sweep file means and costs, without running it.

mod against;
mod costs;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use traipse_sweep::network::Network;
use traipse_sweep::settings::{Course, DataSettings};

use crate::check;
use crate::connection::ConnectionArgs;
use crate::data_sizes::{DataSizes, KnownSizes};
use crate::error::Error;
use crate::exit::End;
use crate::larger::Difference;
use crate::output::network::{self, LayerRow};
use crate::output::units::{bytes, count, counted, duration, range};
use crate::output::{Screen, style};
use crate::sizes::{self, Cost, Shape};
use crate::spec_file::{self, SpecFile};

use self::costs::AskedFor;

/// Values of an axis that are shown in a line of text.
const SHOWN_VALUES: usize = 8;
/// Networks that are told layer by layer.
const MAX_NETWORKS: usize = 16;
/// Snapshot steps that are shown in a line of text.
const SHOWN_STEPS: usize = 5;

/// What to preview.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The sweep file (.toml, .yaml or .json), or - for stdin.
    spec: PathBuf,
    /// A sweep that the file would extend, by id, beginning of an id or name; or a folder with its tables: what would be
    /// reused, trained again and new.
    #[arg(long, value_name = "SWEEP|DIR")]
    against: Option<String>,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What a sweep file means and costs.
#[derive(Debug, Serialize)]
struct Preview {
    file: String,
    name: String,
    axes: Vec<AxisPreview>,
    replicates: Vec<AxisPreview>,
    n_cells: u64,
    n_replicates: u32,
    n_runs: u64,
    n_excluded: u64,
    n_jobs: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<Difference>,
    #[serde(flatten)]
    asked_for: AskedFor,
    data: Vec<Value>,
    n_networks: usize,
    networks: Vec<NetworkPreview>,
    n_parameters: Range<u64>,
    n_steps: Range<u64>,
    n_snapshots: Range<u64>,
    snapshot_steps: Vec<u64>,
    snapshot_bytes_per_run: Range<f64>,
    result_bytes: f64,
    core_seconds: f64,
    n_cores: usize,
    estimated_seconds: f64,
    estimate: &'static str,
}

/// One axis: what varies, and over what.
#[derive(Debug, Serialize)]
struct AxisPreview {
    key: String,
    n: usize,
    values: Vec<Value>,
}

/// One network of the sweep, layer by layer.
#[derive(Debug, Serialize)]
struct NetworkPreview {
    cell: String,
    input: [usize; 3],
    n_parameters: usize,
    n_buffers: usize,
    layers: Vec<LayerRow>,
}

/// The least and the most over all runs.
#[derive(Clone, Copy, Debug, Serialize)]
struct Range<T> {
    low: T,
    high: T,
}

/// Prints the preview.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    let file = spec_file::read(&args.spec)?;
    let shapes = sizes::shapes(&file.plan);
    let sets = sizes::data_sets(&shapes).into_iter();
    let known = KnownSizes(sets.map(|data| (data.clone(), DataSizes::here(&data, screen))).collect());
    let courses = check::courses(&file, &shapes, |data| known.of(data))?;
    let mut preview = Preview::new(&file, &shapes, &courses, &known);
    if let Some(sweep) = &args.against {
        preview.against = Some(against::difference(sweep, args.connection, &file)?);
    }
    if args.json {
        screen.json(&preview)?
    } else {
        screen.print(preview.text())?
    }
    Ok(End::Done)
}

impl Preview {
    fn new(file: &SpecFile, shapes: &[Shape], courses: &[Course], known: &KnownSizes) -> Self {
        let (plan, spec) = (&file.plan, file.spec());
        let costs: Vec<Cost> = shapes
            .iter()
            .zip(courses)
            .map(|(shape, course)| sizes::cost(spec, &shape.settings, course, known.of(&shape.settings.data)))
            .collect();
        let total = |of: fn(&Cost) -> f64| -> f64 {
            shapes.iter().zip(&costs).map(|(shape, cost)| shape.n_runs * of(cost)).sum()
        };
        let asked_for = AskedFor::new(plan, shapes, &costs);
        let core_seconds: f64 = total(|cost| cost.seconds) + asked_for.compare_seconds;
        let n_cores = available_parallelism().map_or(1, usize::from);
        let (n_networks, networks) = networks(file, shapes, known);
        Self {
            n_networks,
            networks,
            file: file.file.clone(),
            name: spec.name.clone(),
            axes: axes(file),
            replicates: replicates(file),
            n_cells: plan.n_cells(),
            n_replicates: plan.n_replicates(),
            n_runs: plan.n_runs(),
            n_excluded: plan.n_excluded(),
            n_jobs: plan.n_runs() + plan.n_comparisons(),
            against: None,
            asked_for,
            data: known.0.iter().map(|(data, sizes)| data_preview(data, *sizes)).collect(),
            n_parameters: Range::over(costs.iter().map(|cost| cost.n_parameters)),
            n_steps: Range::over(courses.iter().map(|course| course.total_steps)),
            n_snapshots: Range::over(costs.iter().map(|cost| cost.n_snapshots)),
            snapshot_steps: courses.first().map(|course| spec.snapshots.steps(course)).unwrap_or_default(),
            snapshot_bytes_per_run: Range::over(costs.iter().map(|cost| cost.snapshot_bytes)),
            result_bytes: total(|cost| cost.result_bytes)
                + total(sizes::statistics_bytes) / f64::from(plan.n_replicates()),
            core_seconds,
            n_cores,
            estimated_seconds: core_seconds / n_cores as f64,
            estimate: "rough: multiply-adds at a fixed rate a core, plus a constant a step and a run",
        }
    }

    fn text(&self) -> String {
        let mut lines = vec![format!("{}  {}", style::strong(&self.name), style::faint(&self.file))];
        let mut line =
            |label: &str, text: String| lines.push(format!("  {} {text}", style::faint(format!("{label:<11}"))));
        for data in &self.data {
            line("data", data_text(data));
        }
        for (label, axes) in [("axis", &self.axes), ("replicate", &self.replicates)] {
            for axis in axes {
                line(label, axis.text());
            }
        }
        line("cells", count(self.n_cells));
        line("runs", self.runs_text());
        if let Some(difference) = &self.against {
            line("against", difference.text());
        }
        line("jobs", self.asked_for.jobs_text(self.n_runs));
        line("length", range(self.n_steps.low, self.n_steps.high, count) + " optimiser steps a run");
        line("snapshots", self.snapshots_text());
        line("parameters", range(self.n_parameters.low, self.n_parameters.high, count));
        for (label, text) in self.asked_for.lines() {
            line(label, text);
        }
        let snapshots = self.snapshot_bytes_per_run;
        line("memory", format!("up to {} of snapshots a run, while it runs", bytes(snapshots.high)));
        line("results", format!("about {} of tables", bytes(self.result_bytes)));
        line(
            "time",
            format!(
                "about {} on the {} here, {} of one core {}",
                duration(Duration::from_secs_f64(self.estimated_seconds)),
                counted(self.n_cores as u64, "core"),
                duration(Duration::from_secs_f64(self.core_seconds)),
                style::faint("(a rough count of multiply-adds)"),
            ),
        );
        if let Some(network) = self.networks.first() {
            line("network", network.text(self.n_networks));
        }
        lines.join("\n")
    }

    fn runs_text(&self) -> String {
        let excluded = match self.n_excluded {
            0 => String::new(),
            n => format!(", {} excluded", count(n)),
        };
        format!("{}{excluded}", count(self.n_runs))
    }

    fn snapshots_text(&self) -> String {
        let steps = &self.snapshot_steps;
        let mut shown: Vec<String> = steps.iter().take(SHOWN_STEPS).map(u64::to_string).collect();
        if let Some(last) = steps.last().filter(|_| steps.len() > SHOWN_STEPS) {
            shown.extend(["…".to_owned(), last.to_string()]);
        }
        let which = if self.n_snapshots.low == self.n_snapshots.high { "at step" } else { "the first cell's at step" };
        format!("{} a run, {which} {}", range(self.n_snapshots.low, self.n_snapshots.high, count), shown.join(" "))
    }
}

impl AxisPreview {
    fn text(&self) -> String {
        let mut shown: Vec<String> = self.values.iter().take(SHOWN_VALUES).map(value_text).collect();
        if self.n > SHOWN_VALUES {
            shown.push(format!("… {}", self.values.last().map(value_text).unwrap_or_default()));
        }
        format!("{} × {}: {}", self.key, count(self.n as u64), shown.join(" "))
    }
}

impl NetworkPreview {
    /// The first of so many networks, as a table below its label.
    fn text(&self, n_networks: usize) -> String {
        let which = match n_networks {
            1 => "of every run".to_owned(),
            n => format!("of the cell {}, the first of {}", self.cell, count(n as u64)),
        };
        let [channels, height, width] = self.input;
        format!("{which}\n{}", network::table(traipse_sweep::network::Shape { channels, height, width }, &self.layers))
    }
}

/// How many networks there are among the sizes that were looked at, and the first of them.
fn networks(file: &SpecFile, shapes: &[Shape], known: &KnownSizes) -> (usize, Vec<NetworkPreview>) {
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut shown = Vec::new();
    for shape in shapes {
        let data = known.of(&shape.settings.data);
        let Ok(network) = Network::of(&shape.settings, data.shape, data.n_outputs as usize) else { continue };
        let key = format!("{:?} {:?} {}", shape.settings.model, data.shape, data.n_outputs);
        if found.insert(key) && shown.len() < MAX_NETWORKS {
            shown.push(NetworkPreview {
                cell: file.plan.cell_label(shape.job),
                input: [network.input.channels, network.input.height, network.input.width],
                n_parameters: network.n_parameters,
                n_buffers: network.n_buffers,
                layers: network::rows(&network),
            });
        }
    }
    (found.len(), shown)
}

impl<T: Copy + PartialOrd + Default> Range<T> {
    fn over(values: impl Iterator<Item = T>) -> Self {
        let range = values.fold(None, |range: Option<Self>, value| {
            Some(range.map_or(Self { low: value, high: value }, |range| Self {
                low: if value < range.low { value } else { range.low },
                high: if value > range.high { value } else { range.high },
            }))
        });
        range.unwrap_or(Self { low: T::default(), high: T::default() })
    }
}

fn axes(file: &SpecFile) -> Vec<AxisPreview> {
    let axes = file.spec().products.iter().flat_map(|product| &product.axes);
    axes.map(|axis| AxisPreview { key: axis.key.clone(), n: axis.values.len(), values: axis.values.clone() }).collect()
}

fn replicates(file: &SpecFile) -> Vec<AxisPreview> {
    let preview = |axis: &traipse_sweep::spec::ReplicateAxis| AxisPreview {
        key: axis.key.as_str().to_owned(),
        n: axis.values.len(),
        values: axis.values.iter().map(|&seed| json!(seed)).collect(),
    };
    let branches = file.spec().n_branches;
    let branch = AxisPreview {
        key: "branch".into(),
        n: branches as usize,
        values: (0..branches).map(|branch| json!(branch)).collect(),
    };
    file.spec().replicates.iter().map(preview).chain((branches > 1).then_some(branch)).collect()
}

fn data_preview(data: &DataSettings, sizes: DataSizes) -> Value {
    json!({
        "name": data.name,
        "n_train": sizes.n_train,
        "n_test": sizes.n_test,
        "n_features": sizes.n_features(),
        "n_classes": sizes.n_outputs,
        "is_regression": sizes.is_regression,
    })
}

fn data_text(data: &Value) -> String {
    let number = |key: &str| data[key].as_u64().unwrap_or(0);
    let wanted = match data["is_regression"] {
        Value::Bool(true) => counted(number("n_classes"), "target"),
        _ => format!("{} classes", count(number("n_classes"))),
    };
    format!(
        "{}: {} training and {} test examples of {}, {wanted}",
        value_text(&data["name"]),
        count(number("n_train")),
        count(number("n_test")),
        counted(number("n_features"), "number"),
    )
}

/// A value as it stands in a sweep file, words without quotes.
fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => format!("[{}]", values.iter().map(value_text).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}
