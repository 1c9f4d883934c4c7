//! `traipse explain SWEEP RUN`: why a run waits, where it ran, how it failed, when it is tried again.

use serde_json::{Value, json};
use traipse_proto::client;
use traipse_proto::v1::{ExplainRequest, ExplainResponse, ExplainedAttempt, explain_request::Job};

use crate::connection::{ConnectionArgs, refused};
use crate::error::Error;
use crate::exit::End;
use crate::output::{Screen, style};
use crate::runtime;

/// Which job of which sweep, of whom.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("job").required(true).args(["run", "comparison"])))]
pub(crate) struct Args {
    /// The sweep: its id, the beginning of its id, or its name (the newest of that name).
    sweep: String,
    /// The run, as in the column `run` of the tables.
    run: Option<u64>,
    /// A comparison instead, as in the column `comparison`.
    #[arg(long, value_name = "N")]
    comparison: Option<u64>,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Explains it.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    let connection = args.connection.resolve()?;
    let job = args.run.map(Job::Run).or(args.comparison.map(Job::Comparison));
    let request = ExplainRequest { sweep: args.sweep, job };
    let answer = runtime::start()?.block_on(async {
        let mut clients = connection.clients().await?;
        Ok::<_, Error>(clients.sweep.explain(client::unary(request)).await.map_err(refused)?.into_inner())
    })?;
    if args.json {
        screen.json(&as_json(&answer, job))?;
    } else {
        screen.print(text(&answer, job))?;
    }
    Ok(End::Done)
}

fn as_json(answer: &ExplainResponse, job: Option<Job>) -> Value {
    let attempt = |attempt: &ExplainedAttempt| {
        json!({
            "attempt": attempt.attempt, "worker": attempt.worker, "worker_labels": parsed(&attempt.worker_labels),
            "started_at_us": attempt.started_at_us, "seconds": attempt.seconds, "outcome": attempt.outcome,
            "failure_class": attempt.failure_class, "failure_message": attempt.failure_message,
        })
    };
    let (run, comparison) = match job {
        Some(Job::Run(run)) => (Some(run), None),
        Some(Job::Comparison(comparison)) => (None, Some(comparison)),
        None => (None, None),
    };
    json!({
        "sweep": answer.sweep, "name": answer.name, "sweep_state": answer.sweep_state().as_str(),
        "run": run, "comparison": comparison, "cell": answer.cell, "cell_label": answer.cell_label,
        "state": answer.state, "why": answer.why, "generation": answer.generation, "position": answer.position,
        "backoff_ms": answer.backoff_ms, "attempts": answer.attempts.iter().map(attempt).collect::<Vec<_>>(),
        "members": answer.members, "settings": parsed(&answer.settings),
    })
}

/// What the coordinator sends as JSON.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

fn text(answer: &ExplainResponse, job: Option<Job>) -> String {
    let what = match job {
        Some(Job::Comparison(comparison)) => format!("comparison {comparison}"),
        Some(Job::Run(run)) => format!("run {run}"),
        None => String::new(),
    };
    let mut lines = vec![format!("{} of {}  {}", style::strong(what), answer.name, style::faint(&answer.sweep))];
    let mut line = |label: &str, text: String| lines.push(format!("  {} {text}", style::faint(format!("{label:<9}"))));
    line("cell", format!("{}  {}", answer.cell, answer.cell_label));
    line("state", answer.state.clone());
    for (at, why) in answer.why.iter().enumerate() {
        line(if at == 0 { "why" } else { "" }, why.clone());
    }
    if let Some(left) = answer.backoff_ms {
        line("retried", format!("in {:.1} s", left as f64 / 1000.0));
    }
    if answer.generation > 0 {
        line("retries", format!("{}: what was before does not count any more", answer.generation));
    }
    if !answer.members.is_empty() {
        line("runs", answer.members.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    }
    for attempt in &answer.attempts {
        line("attempt", attempt_text(attempt));
    }
    if let Value::Object(settings) = parsed(&answer.settings) {
        for (key, value) in &settings {
            line("settings", flat(key, value));
        }
    }
    lines.join("\n")
}

fn attempt_text(attempt: &ExplainedAttempt) -> String {
    let seconds = attempt.seconds.map_or_else(String::new, |seconds| format!(", {seconds:.1} s"));
    let labels = Some(attempt.worker_labels.as_str()).filter(|labels| !matches!(*labels, "" | "{}"));
    let labels = labels.map(|labels| format!(" {labels}")).unwrap_or_default();
    let failure = match (attempt.failure_class.as_str(), attempt.failure_message.as_str()) {
        ("", _) => String::new(),
        (class, message) => format!(": {class}, {message}"),
    };
    format!("{} {} by {}{labels}{seconds}{failure}", attempt.attempt, attempt.outcome, attempt.worker)
}

/// `train  batch_size 64, epochs 3`.
fn flat(key: &str, value: &Value) -> String {
    let inner = match value {
        Value::Object(fields) => {
            let known = fields.iter().filter(|(_, value)| !value.is_null());
            known.map(|(key, value)| format!("{key} {}", plain(value))).collect::<Vec<_>>().join(", ")
        }
        other => plain(other),
    };
    format!("{key}: {inner}")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
