//! A coordinator in a process of its own, so that its memory, its processor time and its end are its own: a bench runs
//! itself again as one.
#![allow(dead_code, reason = "each bench uses its part")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use traipse_coordinator::{Coordinator, Options};
use traipse_proto::client::{self, Clients};
use traipse_sweep::spec::{self, Format};

/// The word that makes a bench a coordinator.
const SERVE: &str = "serve";
/// A number of facts that no bench reaches.
pub(crate) const NEVER: u64 = u64::MAX;

/// Runs the bench, or what the bench has asked for.
pub(crate) fn main(bench: impl Future<Output = ()>) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [word, data, snapshot_facts] if word == SERVE => {
            let snapshot_facts = snapshot_facts.parse().expect("a number of facts");
            runtime().block_on(serve(Path::new(data), snapshot_facts));
        }
        _ => runtime().block_on(bench),
    }
}

/// A number among the bench's arguments, past what cargo adds of its own.
pub(crate) fn number(at: usize, default: u64) -> u64 {
    let own: Vec<String> = std::env::args().skip(1).filter(|text| !text.starts_with("--")).collect();
    own.get(at).map_or(default, |text| text.parse().expect("a number"))
}

/// Prints one line.
pub(crate) fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("stdout is open");
}

/// A sweep of at least `n` runs that train nothing.
pub(crate) fn grid(name: &str, n: u64) -> String {
    let n_rates = n.div_ceil(1_000).max(2);
    let text = format!(
        r#"{{"spec":1,"name":"{name}","model":{{"kind":"noop"}},"replicates":{{"seed":1000}},
            "axes":{{"train.learning_rate":{{"linear":[0.0001,1.0],"n":{n_rates}}}}}}}"#
    );
    spec::parse(&text, Format::Json, "bench").expect("the bench's spec is good").canonical_json()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads can be started")
}

/// Serves until the bench goes away.
async fn serve(data: &Path, snapshot_facts: u64) {
    let mut options = Options::new(([127, 0, 0, 1], 0).into(), data);
    options.limits.snapshot_facts = snapshot_facts;
    if snapshot_facts == NEVER {
        options.limits.snapshot_after = Duration::from_secs(3_600);
    }
    let coordinator = Coordinator::start(options).await.expect("the coordinator starts");
    say(&format!("{} {}", coordinator.url(), coordinator.token()));
    let closed = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
    tokio::select! {
        _ = closed => {}
        () = coordinator.failed() => panic!("it failed: {:?}", coordinator.failure()),
    }
    coordinator.shutdown().await;
}

/// A coordinator's process.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Server {
    /// Starts one on a folder; returns when it listens.
    pub(crate) fn start(data: &Path, snapshot_facts: u64) -> Self {
        let own = std::env::current_exe().expect("the bench knows its own file");
        let mut child = Command::new(own)
            .arg(SERVE)
            .arg(data)
            .arg(snapshot_facts.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the bench can be run again");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
        let (url, token) = line.trim().split_once(' ').expect("a URL and a token");
        Self { child, url: url.to_owned(), token: token.to_owned() }
    }

    pub(crate) async fn clients(&self) -> Clients {
        client::connect(&self.url, &self.token).await.expect("the coordinator answers")
    }

    /// Most memory that it had so far, in MB.
    pub(crate) fn peak_mb(&self) -> f64 {
        self.memory("VmHWM:")
    }

    /// The memory that it has, in MB.
    pub(crate) fn resident_mb(&self) -> f64 {
        self.memory("VmRSS:")
    }

    fn memory(&self, key: &str) -> f64 {
        let status = self.proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("the kernel counts memory");
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().expect("a number of KiB");
        kib * 1024.0 / 1e6
    }

    /// Seconds of processor time, the system's included.
    pub(crate) fn cpu(&self) -> f64 {
        cpu_seconds(&self.proc("stat"))
    }

    fn proc(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("the process runs")
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whether it has ended already does not matter any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Seconds of this process's processor time.
pub(crate) fn own_cpu() -> f64 {
    cpu_seconds(&std::fs::read_to_string("/proc/self/stat").expect("the kernel counts time"))
}

fn cpu_seconds(stat: &str) -> f64 {
    /// The kernel's unit of these times on every Linux.
    const TICKS_A_SECOND: f64 = 100.0;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<f64>().expect("a number of ticks");
    (ticks(11) + ticks(12)) / TICKS_A_SECOND
}

/// The value below which that share of the sorted values lies.
pub(crate) fn quantile(sorted: &[Duration], share: f64) -> Duration {
    sorted[((sorted.len() as f64 * share) as usize).min(sorted.len() - 1)]
}

pub(crate) fn ms(duration: Duration) -> f64 {
    1e3 * duration.as_secs_f64()
}

/// How long writes of that size take to be on the folder's disk, sorted.
pub(crate) fn syncs(folder: &Path, n: usize, bytes: usize) -> Vec<Duration> {
    let path = folder.join("syncs");
    let mut file = std::fs::File::create(&path).expect("the folder takes files");
    let block = vec![7; bytes];
    let time = |_| {
        let began = Instant::now();
        file.write_all(&block).and_then(|()| file.sync_data()).expect("the disk takes writes");
        began.elapsed()
    };
    let mut times: Vec<Duration> = (0..n).map(time).collect();
    times.sort();
    std::fs::remove_file(path).expect("the file is ours");
    times
}
