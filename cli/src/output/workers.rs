//! The workers of a coordinator, for people and for scripts.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use traipse_proto::v1::WorkerStatus;

use crate::output::style;
use crate::output::table::{Align, TextTable};
use crate::output::units::{count, duration};

/// Silence below this is not worth a word: a heartbeat comes every few seconds.
const SOON: Duration = Duration::from_secs(10);

/// What JSON shows of a worker.
#[derive(Debug, Serialize)]
pub(crate) struct WorkerView<'a> {
    worker: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    labels: BTreeMap<&'a str, &'a str>,
    n_slots: u32,
    n_busy: u32,
    n_leased: u64,
    silent_seconds: f64,
    is_live: bool,
    is_draining: bool,
    is_suspended: bool,
    memory_bytes: u64,
    build: &'a str,
    numerics: &'a str,
}

impl<'a> From<&'a WorkerStatus> for WorkerView<'a> {
    fn from(worker: &'a WorkerStatus) -> Self {
        Self {
            worker: &worker.worker,
            name: &worker.name,
            labels: worker.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
            n_slots: worker.n_slots,
            n_busy: worker.n_busy,
            n_leased: worker.n_leased,
            silent_seconds: silent(worker).as_secs_f64(),
            is_live: worker.is_live,
            is_draining: worker.is_draining,
            is_suspended: worker.is_suspended,
            memory_bytes: worker.memory_bytes,
            build: &worker.build,
            numerics: &worker.numerics,
        }
    }
}

/// Workers one a line.
pub(crate) fn list(workers: &[WorkerStatus]) -> String {
    let columns = [
        ("worker", Align::Left),
        ("name", Align::Left),
        ("state", Align::Left),
        ("busy", Align::Right),
        ("slots", Align::Right),
        ("heard", Align::Left),
        ("labels", Align::Left),
    ];
    let mut table = TextTable::new(columns.map(|(title, align)| (title.to_owned(), align)));
    for worker in workers {
        table.row(vec![
            worker.worker.clone(),
            if worker.name.is_empty() { "-".to_owned() } else { style::strong(&worker.name) },
            state(worker),
            count(worker.n_busy.into()),
            count(worker.n_slots.into()),
            heard(worker),
            labels(worker),
        ]);
    }
    table.render()
}

/// How a sentence names a worker.
pub(crate) fn who(worker: &WorkerStatus) -> String {
    match worker.name.as_str() {
        "" => format!("worker {}", worker.worker),
        name => format!("worker {name} ({})", worker.worker),
    }
}

fn state(worker: &WorkerStatus) -> String {
    match (worker.is_live, worker.is_draining, worker.is_suspended) {
        (false, ..) => style::warning("silent"),
        (true, true, _) => style::warning("draining"),
        (true, false, true) => style::warning("suspended"),
        _ if worker.n_busy > 0 => "working".to_owned(),
        _ => "idle".to_owned(),
    }
}

fn heard(worker: &WorkerStatus) -> String {
    match silent(worker) {
        time if time < SOON => "now".to_owned(),
        time => format!("{} ago", duration(time)),
    }
}

/// All but the name, which has a column.
fn labels(worker: &WorkerStatus) -> String {
    let labels: BTreeMap<&String, &String> = worker.labels.iter().filter(|(key, _)| *key != "name").collect();
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

fn silent(worker: &WorkerStatus) -> Duration {
    Duration::from_millis(worker.silent_ms)
}
