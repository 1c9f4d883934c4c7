//! `traipse retry SWEEP`: run anew what failed, or cells that are named.

use serde_json::json;
use traipse_proto::client;
use traipse_proto::v1::{CellRange, RetryRequest, RetryResponse};

use crate::connection::{ConnectionArgs, refused};
use crate::error::Error;
use crate::exit::End;
use crate::output::Screen;
use crate::output::status::{StatusView, one};
use crate::output::units::counted;
use crate::{new_id, runtime};

/// Which sweep, which cells, of whom.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Comparisons of what is run anew are measured anew. In a sweep that was completed, the weights that \
    comparisons need are gone: all runs of such a comparison are trained anew too, with the same bits."
)]
pub(crate) struct Args {
    /// The sweep: its id, the beginning of its id, or its name (the newest of that name).
    sweep: String,
    /// Cells as in runs.parquet, such as 3,7-9: all that has ended of them; else whatever failed or was quarantined.
    #[arg(long, value_name = "CELLS", value_delimiter = ',', value_parser = cells)]
    cells: Vec<CellRange>,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print JSON: what is run anew, and the counts.
    #[arg(long)]
    json: bool,
}

/// Retries and prints what is run anew.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    let connection = args.connection.resolve()?;
    let request = RetryRequest { sweep: args.sweep, request: new_id::request()?.to_string(), cells: args.cells };
    runtime::start()?.block_on(async {
        let mut clients = connection.clients().await?;
        let answer = clients.sweep.retry(client::unary(request)).await.map_err(refused)?.into_inner();
        show(screen, &answer, args.json)?;
        Ok(End::Done)
    })
}

fn show(screen: &Screen, answer: &RetryResponse, json: bool) -> Result<(), Error> {
    let status = answer.status.clone().unwrap_or_default();
    let (n_runs, n_comparisons) = (answer.n_runs, answer.n_comparisons);
    if json {
        return screen.json(&json!({
            "n_runs": n_runs, "n_comparisons": n_comparisons, "status": StatusView::from(&status),
        }));
    }
    screen.print(match (n_runs, n_comparisons) {
        (0, 0) => "nothing is run anew: nothing that was asked for has failed, or ended".to_owned(),
        (runs, 0) => format!("run anew: {}", counted(runs, "run")),
        (runs, comparisons) => {
            format!("run anew: {}, {}", counted(runs, "run"), counted(comparisons, "comparison"))
        }
    })?;
    screen.print(one(&status))
}

/// `7`, or `7-9`.
fn cells(text: &str) -> Result<CellRange, String> {
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let bounds = match text.split_once('-') {
        None => number(text).map(|cell| (cell, cell)),
        Some((first, last)) => number(first).zip(number(last)),
    };
    let range = bounds.filter(|(first, last)| first <= last && *last < u64::MAX);
    let range = range.map(|(first, last)| CellRange { first_cell: first, n_cells: last - first + 1 });
    range.ok_or_else(|| format!("`{text}` is no cell and no range of cells: write 7 or 7-9"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_numbers_and_ranges() {
        let rows = [
            ("7", Some((7, 1))),
            ("7-9", Some((7, 3))),
            (" 0 - 0 ", Some((0, 1))),
            ("9-7", None),
            ("", None),
            ("-", None),
            ("-3", None),
            ("x", None),
            ("0-18446744073709551615", None),
        ];
        for (text, expected) in rows {
            let found = cells(text).ok().map(|range| (range.first_cell, range.n_cells));
            assert_eq!(found, expected, "{text}");
        }
    }
}
