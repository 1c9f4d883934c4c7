//! Starting real processes and not leaving them behind.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// The binary under test, built by `cargo test --workspace` beside the tests.
///
/// # Panics
/// If it is not there: `cargo build` makes it.
#[must_use]
pub fn traipse() -> PathBuf {
    let mut folder = std::env::current_exe().unwrap_or_default();
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let binary = folder.join(format!("traipse{}", std::env::consts::EXE_SUFFIX));
    assert!(binary.is_file(), "{} is not there: run `cargo build -p traipse` first", binary.display());
    binary
}

/// A child process that is killed when it goes out of scope.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts `command`.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn start(command: &mut Command) -> std::io::Result<Self> {
        command.spawn().map(Self)
    }

    /// Kills it with SIGKILL, as a crash would, and waits until it is gone.
    ///
    /// # Errors
    /// If the process cannot be waited for.
    pub fn kill_hard(&mut self) -> std::io::Result<()> {
        self.0.kill()?;
        self.0.wait().map(|_| ())
    }

    /// The process under it.
    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell.
        let _ = self.kill_hard();
    }
}

/// Polls `ready` until it gives a value or `seconds` have passed. A bound for failures, not a way to wait for time.
///
/// # Panics
/// If the time is over: `what` says what was waited for.
pub fn wait_for<T>(what: &str, seconds: u64, mut ready: impl FnMut() -> Option<T>) -> T {
    let start = std::time::Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(start.elapsed().as_secs() < seconds, "{what} did not happen within {seconds} s");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// The bytes of every file of a folder that must not depend on who ran it: all but `attempts` and the manifest.
///
/// # Errors
/// If the folder cannot be read.
pub fn tables(folder: &Path) -> std::io::Result<std::collections::BTreeMap<String, Vec<u8>>> {
    let mut found = std::collections::BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".parquet") && name != "attempts.parquet" {
            found.insert(name, std::fs::read(entry.path())?);
        }
    }
    Ok(found)
}
