//! Log lines on stderr, above a progress bar where there is one.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::output::{Screen, Volume};

/// Starts logging at the level of `-v`, `-q` or RUST_LOG.
pub(crate) fn start(screen: &Screen) {
    let level = match screen.volume() {
        Volume::Quiet => "error",
        Volume::Normal => "warn",
        Volume::Verbose => "warn,traipse=info",
        Volume::Debug => "info,traipse=debug",
        Volume::Trace => "debug,traipse=trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    // A second start in one process (tests of the library) keeps the first.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(screen.colours())
        .with_target(screen.volume() >= Volume::Debug)
        .with_writer(AboveBars(screen.clone()))
        .try_init();
}

/// Writes each log line while no bar is drawn.
struct AboveBars(Screen);

impl<'a> MakeWriter<'a> for AboveBars {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { screen: self.0.clone(), bytes: Vec::new() }
    }
}

/// One log line, written whole when it is dropped.
struct Line {
    screen: Screen,
    bytes: Vec<u8>,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.screen.alert(String::from_utf8_lossy(&self.bytes).trim_end());
    }
}
