//! The real binary, in an empty folder, without what the environment of the test's runner says.

#![allow(dead_code, reason = "every test file uses a part of it")]

pub(crate) mod live;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt as _;
use tempfile::TempDir;

/// A folder of one test, which is its working directory and its home.
pub(crate) struct Scene {
    dir: TempDir,
}

/// What a command did.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self { dir: TempDir::new().expect("a temporary folder can be made") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders can be made");
        fs::write(&path, text).expect("files can be written");
        path
    }

    /// The binary, ready for arguments.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::cargo_bin("traipse").expect("the binary is built");
        for name in ["TRAIPSE_TOKEN", "TRAIPSE_COORDINATOR", "RUST_LOG", "NO_COLOR", "XDG_DATA_HOME", "XDG_STATE_HOME"]
        {
            command.env_remove(name);
        }
        command.current_dir(self.path()).env("HOME", self.path()).stdin(std::process::Stdio::null());
        command
    }

    /// Runs `traipse` with those arguments, split at spaces.
    pub(crate) fn run(&self, arguments: &str) -> Ended {
        ended(self.command().args(arguments.split_whitespace()).output().expect("the binary runs"))
    }
}

pub(crate) fn ended(output: Output) -> Ended {
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("stdout is text"),
        stderr: String::from_utf8(output.stderr).expect("stderr is text"),
    }
}

impl Ended {
    /// Asserts how it ended, and that stderr says all of `words`; never with a panic.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is missing in: {}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }

    #[track_caller]
    pub(crate) fn done(&self) -> &str {
        assert_eq!(self.code, Some(0), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        &self.stdout
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.done()).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

/// A sweep of four short trainings on digits.
pub(crate) const TINY: &str = r#"
spec = 1
name = "tiny"

[data]
name = "digits"

[model]
hidden = [8]

[train]
batch_size = 64
epochs = 3

[probes]
examples = 200

[probes.nulls]
samples = 20

[axes]
"train.learning_rate" = [0.05, 0.2]

[replicates]
seed = 2
"#;

/// A sweep of runs that do nothing.
pub(crate) const NOOP: &str = r#"
spec = 1
name = "noop"

[model]
kind = "noop"

[replicates]
seed = 200
"#;
