//! Data folders that earlier versions wrote, kept in `tests/data`: each must open, say what it said, and go on to the end.
//!
//! A new version of the journal's layout, of a fact or of a snapshot gets folders of its own, made by the code before the
//! change: `TRAIPSE_BLESS=1 cargo test -p traipse-coordinator --test old_journals` writes `tests/data/new-*`, to be
//! renamed by the version. Folders are never made again: they are what that version wrote.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::results::results;
use common::{Worker, block, clients, failure, noop, register_request, start, status, submit, success, sweep};
use traipse_coordinator::{Coordinator, Options};
use traipse_proto::client::{Clients, unary};
use traipse_proto::v1::{self, FailureClass};
use traipse_sweep::spec::{self, Format};

/// What the sweeps were said to be, a line each.
const STATUSES: &str = "statuses.txt";
/// The leases that were outstanding: sweep, job, lease and token.
const LEASES: &str = "leases.txt";

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn options(data: &Path, with_snapshots: bool) -> Options {
    common::with_limits(data, |limits| limits.snapshot_facts = if with_snapshots { 8 } else { u64::MAX })
}

/// Four runs that train nothing and their six pairs.
fn pairs() -> String {
    let text = noop("pairs", 4).replacen('{', r#"{"compare":[{"pairs_over":"seed","probe":"distance"}],"#, 1);
    spec::parse(&text, Format::Json, "test").unwrap().canonical_json()
}

/// Sweeps in every state: ended and sealed, cancelled, half done with failures, and with comparisons. Returns the leases
/// that are outstanding.
async fn live(clients: &Clients) -> Vec<v1::Lease> {
    let mut worker = Worker::register(clients, 1, 3).await;
    let ended = noop("ended", 4);
    submit(clients, &sweep(1), &ended).await.unwrap();
    assert_eq!(worker.drain(&sweep(1), &block(&ended)).await, 4);
    assert_eq!(results(clients, &sweep(1)).await.n_rows("runs"), 4);

    submit(clients, &sweep(2), &noop("cancelled", 5)).await.unwrap();
    worker.report(Vec::new(), 2).await.unwrap();
    clients.sweep.clone().cancel(unary(v1::CancelRequest { sweep: sweep(2) })).await.unwrap();

    let half = noop("half", 16);
    submit(clients, &sweep(3), &half).await.unwrap();
    let rows = block(&half);
    let mut held = worker.report(Vec::new(), 3).await.unwrap().leases;
    let reports = vec![success(&held.remove(0), &rows), failure(&held.remove(0), FailureClass::Transient, "disk full")];
    held.extend(worker.report(reports, 2).await.unwrap().leases);
    assert_eq!(results(clients, &sweep(3)).await.n_rows("runs"), 1);
    let reports = vec![
        failure(&held.remove(0), FailureClass::Invalid, "cannot be"),
        failure(&held.remove(0), FailureClass::Poison, "a panic"),
    ];
    held.extend(worker.report(reports, 2).await.unwrap().leases);
    let answer = worker.report(vec![success(&held.remove(0), &rows)], 0).await.unwrap();
    held.extend(answer.leases);

    submit(clients, &sweep(4), &pairs()).await.unwrap();
    let mut other = Worker::register(clients, 2, 3).await;
    let leases = other.report(Vec::new(), 3).await.unwrap().leases;
    let (of_pairs, of_half): (Vec<_>, Vec<_>) = leases.into_iter().partition(|lease| lease.sweep == sweep(4));
    let reports = of_pairs.iter().map(|lease| failure(lease, FailureClass::Invalid, "no weights")).collect();
    held.extend(of_half);
    held.extend(other.report(reports, 0).await.unwrap().leases);
    held
}

/// What must be the same in every version.
async fn statuses(clients: &Clients) -> String {
    let mut lines = String::new();
    for n in 1..=4 {
        let found = status(clients, &sweep(n)).await;
        let waits = found.n_ready + found.n_backoff + found.n_blocked;
        lines += &format!(
            "{} {:?} runs={} waits={waits} leased={} succeeded={} diverged={} failed={} cancelled={} lost={} comparisons={} {}",
            found.name,
            found.state(),
            found.n_runs,
            found.n_leased,
            found.n_succeeded,
            found.n_diverged,
            found.n_failed,
            found.n_cancelled,
            found.n_lost_attempts,
            found.n_comparisons,
            found.numerics,
        );
        lines.truncate(lines.trim_end().len());
        lines.push('\n');
    }
    lines
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// Writes nothing but where it is asked to.
#[tokio::test]
async fn write_folders_of_this_version() {
    if std::env::var_os("TRAIPSE_BLESS").is_none() {
        return;
    }
    for (name, with_snapshots) in [("new-facts", false), ("new-snapshots", true)] {
        let dir = tempfile::tempdir().unwrap();
        let coordinator = Coordinator::start(options(dir.path(), with_snapshots)).await.unwrap();
        let held = live(&clients(&coordinator).await).await;
        coordinator.kill().await;
        let target = data().join(name);
        copy(dir.path(), &target);
        fs::remove_dir_all(target.join("artifacts")).unwrap();
        fs::remove_file(target.join("token")).unwrap();
        fs::remove_file(target.join("lock")).unwrap();
        let line = |lease: &v1::Lease| format!("{} {} {} {}\n", lease.sweep, lease.job, lease.lease, hex(&lease.token));
        fs::write(target.join(LEASES), held.iter().map(line).collect::<String>()).unwrap();
        let coordinator = Coordinator::start(options(dir.path(), with_snapshots)).await.unwrap();
        fs::write(target.join(STATUSES), statuses(&clients(&coordinator).await).await).unwrap();
        coordinator.shutdown().await;
    }
}

/// What a worker of the earlier life holds, as it says at its registration, and as a lease.
fn held(folder: &Path) -> Vec<(v1::HeldLease, v1::Lease)> {
    let read = |line: &str| {
        let mut words = line.split(' ');
        let mut next = || words.next().unwrap().to_owned();
        let (sweep, job, lease, token) = (next(), next(), next(), unhex(&next()));
        let (job, lease) = (job.parse().unwrap(), lease.parse().unwrap());
        let held = v1::HeldLease { lease, token: token.clone() };
        (held, v1::Lease { sweep, job, lease, token, ..v1::Lease::default() })
    };
    fs::read_to_string(folder.join(LEASES)).unwrap().lines().map(read).collect()
}

/// Opens a copy, checks what it says, and runs it to its end.
async fn goes_on(folder: &Path) {
    let dir = tempfile::tempdir().unwrap();
    copy(folder, dir.path());
    let coordinator = start(dir.path()).await;
    let first = clients(&coordinator).await;
    let expected = fs::read_to_string(folder.join(STATUSES)).unwrap();
    assert_eq!(statuses(&first).await, expected, "{}", folder.display());
    let before = status(&first, &sweep(3)).await.n_succeeded;
    let (listed, leases): (Vec<_>, Vec<_>) = held(folder).into_iter().unzip();
    assert!(!leases.is_empty());
    let request = v1::RegisterRequest { held: listed, ..register_request(1, 1, 3) };
    let mut worker = Worker::with(&first, request).await.unwrap();
    let rows = block(&noop("half", 16));
    let mine: Vec<_> =
        leases.iter().filter(|lease| lease.sweep == sweep(3)).map(|lease| success(lease, &rows)).collect();
    let n_mine = mine.len();
    let answer = worker.report(mine, 0).await.unwrap();
    assert_eq!(answer.verdicts, vec![v1::Verdict::Accepted as i32; n_mine], "tokens of earlier versions are good");

    // Jobs of the other sweeps fail, so that one block's schema is enough; a higher life ends what is still leased.
    for (id, life) in [(1, 2), (2, 2)] {
        let mut worker = Worker::with(&first, register_request(id, life, 3)).await.unwrap();
        let mut reports = Vec::new();
        while !status(&first, &sweep(3)).await.state().is_over() || !status(&first, &sweep(4)).await.state().is_over() {
            let answer = worker.report(std::mem::take(&mut reports), 3).await.unwrap();
            reports.extend(answer.leases.iter().map(|lease| match lease.sweep == sweep(3) {
                true => success(lease, &rows),
                false => failure(lease, FailureClass::Invalid, "no weights"),
            }));
        }
    }
    let ended = status(&first, &sweep(3)).await;
    assert_eq!(ended.n_succeeded + ended.n_failed, 16, "{ended:?}");
    assert!(ended.n_succeeded > before + n_mine as u64);
    assert_eq!(results(&first, &sweep(1)).await.n_rows("runs"), 4);
    assert_eq!(results(&first, &sweep(3)).await.n_rows("runs"), ended.n_succeeded);
    coordinator.shutdown().await;

    let coordinator = start(dir.path()).await;
    let second = clients(&coordinator).await;
    assert_eq!(results(&second, &sweep(3)).await.n_rows("runs"), ended.n_succeeded);
    coordinator.shutdown().await;
}

#[tokio::test]
async fn every_version_that_ever_was_opens_and_goes_on() {
    let mut folders: Vec<_> = fs::read_dir(data()).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    assert!(folders.len() >= 2, "they are in the repository");
    for folder in folders {
        goes_on(&folder).await;
    }
}
