//! A run that is killed goes on from its last checkpoint, and gives the tables of one that was never interrupted.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use traipse_tests::process::{Process, tables, traipse, wait_for};

/// One run of a few seconds.
const SPEC: &str = r#"
spec = 1
name = "long"
[model]
hidden = [96, 96]
[train]
epochs = 600
batch_size = 32
momentum = 0.5
[snapshots]
at = "every 100 epochs"
"#;

fn local(spec: &Path, out: &Path, log: Stdio) -> Command {
    let mut command = Command::new(traipse());
    command.arg("local").arg(spec).args(["--workers", "1", "--checkpoint-every", "1s", "-v", "--out"]).arg(out);
    command.stdout(Stdio::null()).stderr(log);
    command
}

/// Every checkpoint under a folder.
fn checkpoints(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let found = entries.flat_map(|entry| {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        match path.is_dir() {
            true => checkpoints(&path),
            // One that is being written is not there yet.
            false if name.starts_with("checkpoint-") && name[11..].parse::<u64>().is_ok() => vec![path],
            false => Vec::new(),
        }
    });
    found.collect()
}

#[test]
fn a_killed_run_goes_on_from_its_checkpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let spec = folder.path().join("long.toml");
    std::fs::write(&spec, SPEC).expect("the spec is written");
    let log = || Stdio::from(std::fs::File::create(folder.path().join("log")).expect("a log file"));

    let undisturbed = folder.path().join("undisturbed");
    assert!(local(&spec, &undisturbed, log()).status().expect("traipse starts").success());
    assert_eq!(checkpoints(&undisturbed), [] as [PathBuf; 0], "what is done needs none");

    let out = folder.path().join("killed");
    let mut killed = Process::start(&mut local(&spec, &out, log())).expect("traipse starts");
    wait_for("a checkpoint", 60, || (!checkpoints(&out).is_empty()).then_some(()));
    killed.kill_hard().expect("it dies");
    let again = local(&spec, &out, log()).status().expect("traipse starts");
    let said = std::fs::read_to_string(folder.path().join("log")).expect("a log");
    assert!(again.success(), "{said}");
    assert!(said.contains("the run goes on from a checkpoint"), "{said}");
    assert_eq!(tables(&out).expect("tables"), tables(&undisturbed).expect("tables"));
    assert_eq!(checkpoints(&out), [] as [PathBuf; 0], "what is done needs none");
}
