//! Processes that go on beside a test, and end with it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longest wait for anything, so that a test that cannot pass fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running process whose output is read as it comes.
pub(crate) struct Live {
    child: Child,
    rest: Option<JoinHandle<String>>,
    first: String,
}

/// Which stream the first line is read from.
pub(crate) enum Speaks {
    Stdout,
    Stderr,
}

impl Live {
    /// Starts it and waits for the first line that contains `word`.
    pub(crate) fn start(command: &mut Command, speaks: &Speaks, word: &str) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        let stream: Box<dyn std::io::Read + Send> = match speaks {
            Speaks::Stdout => Box::new(child.stdout.take().expect("stdout is piped")),
            Speaks::Stderr => Box::new(child.stderr.take().expect("stderr is piped")),
        };
        let mut lines = BufReader::new(stream);
        let mut first = String::new();
        while !first.contains(word) {
            first.clear();
            let n = lines.read_line(&mut first).expect("it prints text");
            assert_ne!(n, 0, "it ended before it said `{word}`");
        }
        let rest = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = lines.read_to_string(&mut text);
            text
        });
        Self { child, rest: Some(rest), first }
    }

    /// The word of that first line that begins with `start`.
    pub(crate) fn word(&self, start: &str) -> &str {
        let words = self.first.split(|c: char| c.is_whitespace() || c == '"' || c == '=');
        words.into_iter().find(|word| word.starts_with(start)).unwrap_or_else(|| panic!("no {start} in {}", self.first))
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits for its end; what it said after the first line comes with its status.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let deadline = Instant::now() + PATIENCE;
        let status = until(deadline, || self.child.try_wait().expect("it can be waited for"));
        let rest = self.rest.take().map(|rest| rest.join().expect("the reader ends")).unwrap_or_default();
        (status, rest)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again and again until there is an answer.
pub(crate) fn eventually<T>(ask: impl FnMut() -> Option<T>) -> T {
    until(Instant::now() + PATIENCE, ask)
}

fn until<T>(deadline: Instant, mut ask: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain");
        std::thread::sleep(Duration::from_millis(20));
    }
}
