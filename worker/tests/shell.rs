//! A worker against a coordinator made by hand, over real gRPC.

mod support;

use std::time::Duration;

use support::fake::{self, Fake};
use support::{Worker, digits, noop, options, state};
use tonic::Status;
use traipse_proto::convert::rows;
use traipse_proto::v1::{self, job_report::Result as Wire};
use traipse_proto::{INLINE_ROWS_BYTES, ROWS_KIND};
use traipse_store::Store;
use traipse_sweep::columns::Table;
use traipse_worker::{Error, Memory, Options};

/// Longer than any test: it has to be stopped.
const ENDLESS: u64 = 1_000_000;

fn failure(report: &v1::JobReport) -> (v1::FailureClass, String) {
    match &report.result {
        Some(Wire::Failed(failure)) => (failure.class(), failure.message.clone()),
        other => panic!("no failure: {other:?}"),
    }
}

fn succeeded(report: &v1::JobReport) -> &v1::Rows {
    match &report.result {
        Some(Wire::Succeeded(rows)) => rows,
        other => panic!("no success: {other:?}"),
    }
}

#[test]
fn noop_jobs_run_and_each_is_reported_once() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&noop(500));
    let worker = Worker::start(Options { n_slots: 2, ..options(&fake, &folder) });
    fake.until("all jobs", |seen| seen.accepted.len() == 500);
    worker.drain().unwrap();
    fake.edit(|seen| {
        assert_eq!((seen.n_superseded, seen.n_specs, seen.registers.len()), (0, 1, 1));
        let register = &seen.registers[0];
        assert_eq!((register.n_slots, register.incarnation), (2, 1));
        assert!(!register.numerics.is_empty() && register.held.is_empty());
        assert!(seen.reports.iter().all(|report| report.reports.len() <= 1024));
        for report in seen.accepted.values() {
            let block = rows::decode(&succeeded(report).block, &fake.schema).unwrap();
            assert!(block.tables.iter().any(|table| table.table == Table::Runs && table.n_rows == 1));
            let stats = report.stats.unwrap();
            assert!(stats.total_seconds > 0.0 && stats.peak_memory_bytes > 1 << 20, "{stats:?}");
        }
        assert!(seen.reports.last().unwrap().draining);
    });
}

#[test]
fn networks_are_trained_and_their_weights_kept() {
    let (folder, artifacts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = Store::open(artifacts.path().to_str().unwrap()).unwrap();
    let announced = Some((store.clone(), b"the real nonce".to_vec()));
    let fake = Fake::with_store(&digits(1, "snapshots.keep = true"), announced);
    let worker = Worker::start(options(&fake, &folder));
    fake.until("all jobs", |seen| seen.accepted.len() == 4);
    worker.drain().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    fake.edit(|seen| {
        assert!(seen.reports.iter().all(|report| report.reaches_store));
        for (job, report) in &seen.accepted {
            let found = succeeded(report);
            let block = rows::decode(&found.block, &fake.schema).unwrap();
            assert!(block.tables.iter().any(|table| table.table == Table::Trajectory && table.n_rows == 2));
            let [artifact] = &found.artifacts[..] else { panic!("{:?}", found.artifacts) };
            let digest = artifact.sha256.as_slice().try_into().unwrap();
            let weights = runtime
                .block_on(store.get_verified(&fake::artifact(*job, report.lease, "snapshots.safetensors"), &digest))
                .unwrap();
            assert_eq!(weights.len() as u64, artifact.size);
            assert!(report.stats.unwrap().train_seconds > 0.0);
        }
    });
}

#[test]
fn kept_weights_are_the_same_whether_they_were_in_memory_or_not() {
    let kept = |memory| {
        let (folder, artifacts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = Store::open(artifacts.path().to_str().unwrap()).unwrap();
        let fake = Fake::with_store(&digits(3, "snapshots.keep = true"), Some((store, b"the real nonce".to_vec())));
        let worker = Worker::start(Options { memory, ..options(&fake, &folder) });
        fake.until("all jobs", |seen| seen.accepted.len() == 4);
        worker.drain().unwrap();
        fake.edit(|seen| {
            let reports = seen.accepted.values();
            reports
                .map(|report| (succeeded(report).block.clone(), succeeded(report).artifacts.clone()))
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(kept(Memory::Bytes(0)), kept(Memory::Bytes(1 << 30)));
}

#[test]
fn a_state_folder_that_takes_no_file_fails_the_attempt_alone() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&digits(1, ""));
    fake.edit(|seen| seen.todo.clear());
    let worker = Worker::start(Options { memory: Memory::Bytes(0), ..options(&fake, &folder) });
    fake.until("the worker", |seen| !seen.registers.is_empty());
    std::fs::remove_dir_all(state(&folder)).unwrap();
    fake.edit(|seen| seen.todo = [1].into());
    fake.until("an outcome", |seen| !seen.accepted.is_empty());
    worker.drain().unwrap();
    fake.edit(|seen| {
        let (class, message) = failure(&seen.accepted[&1]);
        assert_eq!(class, v1::FailureClass::Transient, "{message}");
        assert!(message.contains(state(&folder).to_str().unwrap()) && message.contains("--memory"), "{message}");
    });
}

/// Two thousand four hundred epochs of two steps, measured at each of them: more rows than a report takes.
fn many_snapshots() -> String {
    digits(2_400, "data.train_limit = 128\nsnapshots.at = \"every step\"")
}

#[test]
fn rows_that_are_too_large_for_a_report_go_through_the_store() {
    let (folder, artifacts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = Store::open(artifacts.path().to_str().unwrap()).unwrap();
    let fake = Fake::with_store(&many_snapshots(), Some((store.clone(), b"the real nonce".to_vec())));
    fake.edit(|seen| seen.todo = [2].into());
    let worker = Worker::start(options(&fake, &folder));
    fake.until("the job", |seen| !seen.accepted.is_empty());
    worker.drain().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    fake.edit(|seen| {
        let report = &seen.accepted[&2];
        let found = succeeded(report);
        let [artifact] = &found.artifacts[..] else { panic!("{} bytes", found.block.len()) };
        assert!(found.block.is_empty() && artifact.size > INLINE_ROWS_BYTES as u64, "{artifact:?}");
        let digest = artifact.sha256.as_slice().try_into().unwrap();
        let name = fake::artifact(2, report.lease, ROWS_KIND);
        let block = runtime.block_on(store.get_verified(&name, &digest)).unwrap();
        let block = rows::decode(&block, &fake.schema).unwrap();
        assert!(block.tables.iter().any(|table| table.table == Table::Trajectory && table.n_rows == 4_801));
    });
}

#[test]
fn rows_that_are_too_large_fail_where_the_store_is_out_of_reach() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&many_snapshots());
    fake.edit(|seen| seen.todo = [2].into());
    let worker = Worker::start(options(&fake, &folder));
    fake.until("the job", |seen| !seen.accepted.is_empty());
    worker.drain().unwrap();
    fake.edit(|seen| {
        let (class, message) = failure(&seen.accepted[&2]);
        assert_eq!(class, v1::FailureClass::Transient, "{message}");
        assert!(message.contains("artifact store") && message.contains("mount"), "{message}");
    });
}

#[test]
fn another_folder_of_the_same_name_is_not_the_store() {
    let (folder, artifacts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = Store::open(artifacts.path().to_str().unwrap()).unwrap();
    let fake = Fake::with_store(&digits(1, "snapshots.keep = true"), Some((store, b"another nonce".to_vec())));
    let worker = Worker::start(options(&fake, &folder));
    fake.until("an outcome", |seen| !seen.accepted.is_empty());
    worker.drain().unwrap();
    fake.edit(|seen| {
        assert!(seen.reports.iter().all(|report| !report.reaches_store));
        let (class, message) = failure(seen.accepted.values().next().unwrap());
        assert_eq!(class, v1::FailureClass::Transient);
        assert!(message.contains("artifact store"), "{message}");
    });
}

#[test]
fn a_report_whose_answer_got_lost_is_repeated_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&noop(50));
    fake.edit(|seen| (seen.lose, seen.ahead) = (3, 0));
    let worker = Worker::start(options(&fake, &folder));
    fake.until("all jobs", |seen| seen.accepted.len() == 50);
    worker.drain().unwrap();
    fake.edit(|seen| {
        assert_eq!((seen.lose, seen.n_superseded, seen.registers.len()), (0, 0, 1));
        let repeated: Vec<_> = seen.reports.windows(2).filter(|pair| pair[0].seq == pair[1].seq).collect();
        assert!(repeated.len() >= 3);
        for pair in repeated {
            let unwaiting = |report: &v1::ReportRequest| v1::ReportRequest { wait_ms: 0, ..report.clone() };
            assert_eq!(unwaiting(&pair[0]), unwaiting(&pair[1]));
        }
    });
}

#[test]
fn a_coordinator_that_comes_back_gets_what_was_done_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let mut fake = Fake::start(&digits(40, ""));
    let worker = Worker::start(options(&fake, &folder));
    fake.until("a job under way", |seen| {
        seen.beats.iter().any(|beat| beat.leases.iter().any(|lease| lease.progress > 0))
    });
    fake.crash();
    let held = fake.edit(|seen| seen.granted.len() - seen.accepted.len());
    assert!(held > 0);
    fake.come_back();
    fake.until("all jobs", |seen| seen.accepted.len() == 4);
    worker.drain().unwrap();
    fake.edit(|seen| {
        assert_eq!(seen.granted.len(), 4, "no job was run twice");
        let again = seen.registers.last().unwrap();
        assert!(!again.held.is_empty());
        assert_eq!(again.incarnation, seen.registers[0].incarnation);
    });
}

#[test]
fn a_lease_that_is_stopped_frees_its_slot() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&digits(ENDLESS, ""));
    fake.edit(|seen| {
        seen.todo = [0].into();
        seen.ahead = 0;
    });
    let worker = Worker::start(options(&fake, &folder));
    fake.until("progress", |seen| seen.beats.iter().any(|beat| beat.leases.iter().any(|lease| lease.progress > 0)));
    fake.edit(|seen| seen.stop.extend(seen.lease_of(0)));
    fake.until("a free slot", |seen| {
        seen.reports.last().is_some_and(|report| report.n_free_slots == 1 && report.seq > 1)
    });
    worker.drain().unwrap();
    fake.edit(|seen| assert!(seen.accepted.is_empty() && seen.returned.is_empty()));
}

#[test]
fn a_drain_finishes_what_runs_and_hands_back_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&digits(40, ""));
    let worker = Worker::start(options(&fake, &folder));
    fake.until("a job under way", |seen| {
        seen.beats.iter().any(|beat| beat.leases.iter().any(|lease| lease.progress > 0))
    });
    worker.drain().unwrap();
    fake.edit(|seen| {
        assert!(!seen.accepted.is_empty(), "what ran was finished");
        assert_eq!(seen.accepted.len() + seen.returned.len(), seen.granted.len());
    });
}

#[test]
fn a_drain_without_grace_stops_what_runs() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&digits(ENDLESS, ""));
    let worker = Worker::start(Options { grace: Duration::ZERO, n_slots: 2, ..options(&fake, &folder) });
    fake.until("progress", |seen| seen.beats.iter().any(|beat| beat.leases.iter().any(|lease| lease.progress > 0)));
    worker.drain().unwrap();
    fake.edit(|seen| {
        assert!(seen.accepted.is_empty());
        assert_eq!(seen.returned.len(), seen.granted.len());
    });
}

#[test]
fn an_idle_worker_leaves_at_once_although_its_report_waits() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&noop(1));
    let worker = Worker::start(options(&fake, &folder));
    fake.until("a report that waits", |seen| {
        seen.accepted.len() == 1 && seen.reports.last().is_some_and(|report| report.wait_ms > 0)
    });
    worker.drain().unwrap();
    fake.edit(|seen| assert!(seen.reports.last().unwrap().draining));
}

#[test]
fn what_goes_wrong_has_a_class() {
    let rows = [
        ("data.name = \"mnist\"\ndata.dir = \"/nonexistent/mnist\"", v1::FailureClass::Transient, "/nonexistent/mnist"),
        ("data.train_limit = 20", v1::FailureClass::Invalid, "batch_size"),
    ];
    for (more, class, part) in rows {
        let folder = tempfile::tempdir().unwrap();
        let fake = Fake::start(&digits(1, more));
        let worker = Worker::start(options(&fake, &folder));
        fake.until("all jobs", |seen| seen.accepted.len() == 4);
        worker.drain().unwrap();
        fake.edit(|seen| {
            let (found, message) = failure(&seen.accepted[&0]);
            assert_eq!(found, class, "{message}");
            assert!(message.contains(part), "{message}");
        });
    }
}

#[test]
fn a_job_that_the_sweep_does_not_have_is_invalid() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&noop(3));
    fake.edit(|seen| seen.todo = [7].into());
    let worker = Worker::start(options(&fake, &folder));
    fake.until("its failure", |seen| seen.accepted.contains_key(&7));
    worker.drain().unwrap();
    fake.edit(|seen| assert_eq!(failure(&seen.accepted[&7]).0, v1::FailureClass::Invalid));
}

#[test]
fn a_coordinator_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut fake = Fake::start(&noop(1));
    fake.crash();
    let patience = Duration::from_millis(300);
    let worker = Worker::start(Options { first_contact: patience, ..options(&fake, &folder) });
    let error = worker.end().unwrap_err();
    assert!(matches!(error, Error::Unreached { .. }), "{error}");
    assert!(error.to_string().contains(&fake.url()), "{error}");
    assert!(error.to_string().contains("refused"), "the system's reason is kept: {error}");
}

#[test]
fn a_refusal_ends_the_worker_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&noop(1));
    let error = Worker::start(Options { token: "wrong".to_owned(), ..options(&fake, &folder) }).end().unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert!(error.to_string().contains("token"), "{error}");

    fake.edit(|seen| seen.refuse = Some(Status::failed_precondition("this coordinator speaks protocol 2")));
    let error = Worker::start(options(&fake, &folder)).end().unwrap_err();
    assert!(error.to_string().contains("protocol 2") && error.to_string().contains(&fake.url()), "{error}");
}

#[test]
fn a_worker_that_starts_again_is_the_same_in_another_life() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&noop(1));
    for life in 1..=2 {
        let worker = Worker::start(options(&fake, &folder));
        fake.until("a register", |seen| seen.registers.len() == life);
        let second = Worker::start(options(&fake, &folder)).end().unwrap_err();
        assert!(matches!(second, Error::State(_)), "{second}");
        assert!(second.to_string().contains(state(&folder).to_str().unwrap()), "{second}");
        worker.drain().unwrap();
    }
    fake.edit(|seen| {
        assert_eq!(seen.registers[0].worker, seen.registers[1].worker);
        assert_eq!([seen.registers[0].incarnation, seen.registers[1].incarnation], [1, 2]);
    });
}

#[test]
fn nonsense_is_refused_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&noop(1));
    let good = || options(&fake, &folder);
    let bad = [
        Options { coordinator: vec![], ..good() },
        Options { coordinator: vec!["nonsense".to_owned()], ..good() },
        Options { n_slots: 0, ..good() },
        Options { token: "a\nb".to_owned(), ..good() },
    ];
    for options in bad {
        Worker::start(options).end().unwrap_err();
    }
    assert!(!state(&folder).exists(), "the identity is not touched");
}
