//! `traipse verify SWEEP|DIR`: whether everything is there, once, and unchanged.

use std::path::{Path, PathBuf};

use serde_json::json;
use traipse_proto::client;
use traipse_proto::v1::{GetRequest, SweepStatus};
use traipse_results::Error as ResultsError;
use traipse_results::verify::{Finding, Findings, Kind, Verified, verify};

use crate::audit::{self, Audited};
use crate::connection::{ConnectionArgs, refused};
use crate::error::Error;
use crate::exit::End;
use crate::fetch::fetch;
use crate::output::units::{count, counted};
use crate::output::{Screen, style};
use crate::{runtime, tables_folder};

/// Most findings of one kind that people are shown.
const SHOWN: usize = 10;

/// What is verified.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit code 1 where something is missing, failed or differs; a diverged run is a result. A sweep is \
    fetched from its coordinator, which needs room for its tables in the temporary folder."
)]
pub(crate) struct Args {
    /// A folder of tables that `local` or `collect` wrote, or a sweep of a coordinator.
    what: PathBuf,
    /// Train that part of the runs again and compare their rows: 1 or 1%, at least one run. Which ones follows from the
    /// sweep alone.
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    audit: Option<f64>,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What was found of it all.
struct Found {
    verified: Verified,
    audited: Option<Audited>,
}

/// Verifies.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    let found = match args.what.is_dir() {
        true => look(&args.what, args.audit, None, screen)?,
        false => look_at_sweep(&args, screen)?,
    };
    show(&found, args.json, screen)?;
    Ok(if found.verified.findings.n_faults() == 0 { End::Done } else { End::RunsFailed })
}

/// Fetches the sweep as `collect` does, into a folder that goes away.
fn look_at_sweep(args: &Args, screen: &Screen) -> Result<Found, Error> {
    let connection = args.connection.clone().resolve()?;
    let scratch = tempfile::Builder::new().prefix("traipse-verify-").tempdir().map_err(Error::environment)?;
    let tables = scratch.path().join("tables");
    std::fs::create_dir(&tables).map_err(Error::environment)?;
    let status = runtime::start()?.block_on(async {
        let mut client = connection.clients().await?.sweep;
        let sweep = args.what.to_string_lossy().into_owned();
        let found = client.get(client::unary(GetRequest { sweep })).await.map_err(refused)?.into_inner();
        let found = found.status.unwrap_or_default();
        let fetched = fetch(&mut client, &found.sweep, scratch.path()).await?;
        let status = fetched.status.clone();
        fetched.without_weights().merge(&tables, screen).await?;
        Ok::<_, Error>(status)
    })?;
    look(&tables, args.audit, Some(&status), screen)
}

fn look(dir: &Path, percent: Option<f64>, status: Option<&SweepStatus>, screen: &Screen) -> Result<Found, Error> {
    let mut verified = verify(dir).map_err(|error| match error {
        unreadable @ ResultsError::Manifest { .. } => Error::environment(unreadable),
        error => tables_folder::trouble(error),
    })?;
    if let Some(status) = status {
        compare_counts(&mut verified, status);
    }
    let audited = match percent {
        None => None,
        Some(percent) => Some(audit::audit(&mut verified, percent, screen)?),
    };
    Ok(Found { verified, audited })
}

/// The coordinator's counts against the rows: what it says is done has rows, and where the sweep has ended nothing else has.
fn compare_counts(verified: &mut Verified, status: &SweepStatus) {
    let of = |word: &str| {
        let (runs, comparisons) = (&verified.manifest.n_runs, &verified.manifest.n_comparisons);
        runs.get(word).copied().unwrap_or(0) + comparisons.get(word).copied().unwrap_or(0)
    };
    let (found, counted) = (of("succeeded") + of("diverged"), status.n_succeeded + status.n_diverged);
    let agrees = if status.state().is_over() { found == counted } else { found >= counted };
    if !agrees {
        let message = format!("the coordinator counts {counted} jobs with rows, and rows of {found} came");
        let remedy = format!("traipse explain {} RUN says what became of one that is missing", status.sweep);
        let finding = Finding { kind: Kind::Counts, file: None, run: None, cell: None, message, remedy };
        verified.findings.add(finding);
    }
}

fn show(found: &Found, as_json: bool, screen: &Screen) -> Result<(), Error> {
    let Found { verified, audited } = found;
    let Findings { list, counts } = &verified.findings;
    let (manifest, n_faults) = (&verified.manifest, verified.findings.n_faults());
    if as_json {
        return screen.json(&json!({
            "sweep": manifest.sweep, "name": manifest.name, "state": manifest.state, "partial": manifest.partial,
            "n_runs": manifest.n_runs, "n_comparisons": manifest.n_comparisons, "n_files": manifest.files.len(),
            "numerics": manifest.numerics, "is_complete": n_faults == 0, "counts": counts, "findings": list,
            "audit": audited,
        }));
    }
    let n_files = counted(manifest.files.len() as u64, "file");
    screen.print(format!(
        "{}  {}  {}",
        style::strong(&manifest.name),
        style::faint(&manifest.sweep),
        manifest.state
    ))?;
    for (kind, n) in counts {
        let of_kind: Vec<&Finding> = list.iter().filter(|finding| finding.kind == *kind).collect();
        for finding in of_kind.iter().take(SHOWN) {
            screen.print(line(finding))?;
        }
        let rest = n.saturating_sub(of_kind.len().min(SHOWN) as u64);
        if rest > 0 {
            screen.print(format!("  and {} more like these", count(rest)))?;
        }
    }
    if let Some(audited) = audited {
        screen.print(audited.line())?;
    }
    let n_runs = counted(verified.plan.n_runs(), "run");
    screen.print(match n_faults {
        0 => format!("{}: {n_runs} and {n_files}, everything is there once", style::good("whole")),
        n => format!("{}: {} in {n_runs} and {n_files}", style::error("not whole"), counted(n, "finding")),
    })
}

fn line(finding: &Finding) -> String {
    let place: Vec<String> = [
        finding.file.clone(),
        finding.run.map(|run| format!("run {run}")),
        finding.cell.map(|cell| format!("cell {cell}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    let word = if finding.kind.is_fault() { style::error("wrong") } else { style::faint("note ") };
    let remedy = if finding.remedy.is_empty() { String::new() } else { format!("\n        {}", finding.remedy) };
    format!("  {word} {}: {}{remedy}", place.join(", "), finding.message)
}

/// `1` or `1%`.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim().parse::<f64>().ok();
    let number = number.filter(|number| *number > 0.0 && *number <= 100.0);
    number.ok_or_else(|| format!("`{text}` is no part of the runs: write a number above 0 and up to 100, such as 1%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_a_number_above_0_and_up_to_100() {
        for (text, expected) in [("1", Some(1.0)), ("1%", Some(1.0)), ("0.5 %", Some(0.5)), ("100", Some(100.0))] {
            assert_eq!(percent(text).ok(), expected, "{text}");
        }
        for text in ["0", "-1", "101%", "", "%", "NaN", "much"] {
            assert!(percent(text).is_err(), "{text}");
        }
    }
}
