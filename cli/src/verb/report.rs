//! `traipse report DIR`: verdicts on the terminal, and with figures as one HTML file.

use std::path::PathBuf;

use serde::Serialize;
use traipse_results::figure::Wanted;
use traipse_results::report;
use traipse_results::verdict::{ClaimVerdict, Decision, HEADLINE, THRESHOLDS, Verdicts};

use crate::error::Error;
use crate::exit::End;
use crate::output::table::{Align, TextTable};
use crate::output::units::count;
use crate::output::{Screen, style};
use crate::tables_folder::{open, trouble};

/// The page's name by default.
const PAGE: &str = "report.html";

/// Of which tables, and where the page goes.
#[derive(Debug, clap::Args)]
#[command(after_help = "The page holds everything it shows: open it in any browser, send it, print it.")]
pub(crate) struct Args {
    /// The folder of the tables, as `local` or `collect` wrote it.
    dir: PathBuf,
    /// Where the page goes; else DIR/report.html.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The cell whose runs the figures show; else the first of those with the most runs that succeeded and converged.
    #[arg(long, value_name = "N")]
    cell: Option<u64>,
    /// The run that is shown where a figure shows one; else the cell's first that succeeded.
    #[arg(long, value_name = "N")]
    run: Option<u64>,
    /// Print JSON: every verdict at every threshold, cell by cell.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Reported<'a> {
    page: PathBuf,
    #[serde(flatten)]
    verdicts: &'a Verdicts,
}

/// Judges, draws and writes.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    let tables = open(&args.dir)?;
    let page = args.out.unwrap_or_else(|| args.dir.join(PAGE));
    let made = report::make(&tables, Wanted { cell: args.cell, run: args.run }).map_err(trouble)?;
    report::write(&made, &page).map_err(trouble)?;
    if args.json {
        screen.json(&Reported { page, verdicts: &made.verdicts })?;
        return Ok(End::Done);
    }
    screen.print(table(made.verdicts.headline()))?;
    screen.print("")?;
    for claim in made.verdicts.headline() {
        screen.print(format!("{}  {}", style::strong(claim.code), claim.sentence))?;
    }
    if tables.manifest().partial {
        screen.print(style::warning("these tables are partial: the sweep had not ended when they were collected"))?;
    }
    screen.print(format!("\nreport  {}", style::strong(page.display())))?;
    Ok(End::Done)
}

/// One line a claim at the headline threshold.
fn table(claims: &[ClaimVerdict]) -> String {
    let names = [
        ("", Align::Left),
        ("claim", Align::Left),
        ("verdict", Align::Left),
        ("cells ✓", Align::Right),
        ("✗", Align::Right),
        ("?", Align::Right),
        ("runs", Align::Right),
        ("diverged", Align::Right),
        ("not converged", Align::Right),
    ];
    let mut table = TextTable::new(names.map(|(name, align)| (name.to_owned(), align)));
    for claim in claims {
        table.row(vec![
            style::strong(claim.code),
            claim.statement.to_owned(),
            verdict(claim.decision),
            count(claim.n_supported),
            count(claim.n_contradicted),
            count(claim.n_undecided),
            count(u64::from(claim.counts.n_total)),
            count(u64::from(claim.counts.n_diverged)),
            count(u64::from(claim.counts.n_not_converged)),
        ]);
    }
    let q = 100.0 * THRESHOLDS[HEADLINE];
    format!("{}\n  {}", table.render(), style::faint(format!("converged: within q = {q} % of the objective's fall")))
}

fn verdict(decision: Decision) -> String {
    match decision {
        Decision::Supported => style::good(decision.as_str()),
        Decision::Contradicted => style::warning(decision.as_str()),
        Decision::Undecided => style::faint(decision.as_str()),
    }
}
