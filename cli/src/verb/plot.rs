//! `traipse plot DIR --figure NAME`: one figure as SVG and PNG, and its data as CSV.

use std::path::PathBuf;

use serde::Serialize;
use strsim::jaro_winkler;
use traipse_results::figure::{self, CATALOGUE, Choice, Entry, Wanted};

use crate::error::Error;
use crate::exit::End;
use crate::output::table::{Align, TextTable};
use crate::output::{Screen, style};
use crate::tables_folder::{open, trouble};

/// What asks for the list instead of a figure.
const LIST: &str = "list";
/// Where figures go by default, in the folder of the tables.
const FOLDER: &str = "figures";

/// Of which tables, which figure, and where it goes.
#[derive(Debug, clap::Args)]
#[command(after_help = figures())]
pub(crate) struct Args {
    /// The folder of the tables, as `local` or `collect` wrote it.
    dir: PathBuf,
    /// Which figure: a name, or `list`.
    #[arg(long, value_name = "NAME")]
    figure: String,
    /// The cell whose runs are shown; else the first of those with the most runs that succeeded and converged.
    #[arg(long, value_name = "N")]
    cell: Option<u64>,
    /// The run that is shown where a figure shows one; else the cell's first that succeeded.
    #[arg(long, value_name = "N")]
    run: Option<u64>,
    /// Where NAME.svg, NAME.png and NAME.csv go; else DIR/figures.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print JSON: the files, or the list.
    #[arg(long)]
    json: bool,
}

/// The same, ready to go.
enum Settings {
    List { json: bool },
    Figure { dir: PathBuf, entry: &'static Entry, wanted: Wanted, out: PathBuf, json: bool },
}

impl Args {
    fn resolve(self) -> Result<Settings, Error> {
        if self.figure == LIST {
            return Ok(Settings::List { json: self.json });
        }
        let Some(entry) = figure::entry(&self.figure) else {
            let names = CATALOGUE.iter().map(|entry| entry.name);
            let near = names.max_by(|a, b| jaro_winkler(a, &self.figure).total_cmp(&jaro_winkler(b, &self.figure)));
            let help = format!("is it `{}`? `traipse plot DIR --figure list` shows all", near.unwrap_or(LIST));
            return Err(Error::wrong_use(format!("there is no figure `{}`", self.figure)).help(help));
        };
        let out = self.out.unwrap_or_else(|| self.dir.join(FOLDER));
        let wanted = Wanted { cell: self.cell, run: self.run };
        Ok(Settings::Figure { dir: self.dir, entry, wanted, out, json: self.json })
    }
}

/// Draws it.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    match args.resolve()? {
        Settings::List { json } => list(screen, json)?,
        Settings::Figure { dir, entry, wanted, out, json } => {
            let tables = open(&dir)?;
            let choice = Choice::of(&tables, wanted).map_err(trouble)?;
            let figure = entry.make(&tables, &choice).map_err(trouble)?;
            let files = figure::write(&figure, &out).map_err(trouble)?;
            if json {
                screen.json(&Written {
                    figure: entry.name,
                    title: &figure.title,
                    cell: choice.cell,
                    run: choice.run,
                    files,
                })?;
            } else {
                screen.print(format!("{}\n  {}", style::strong(&figure.title), style::faint(&figure.subtitle)))?;
                for file in files {
                    screen.print(format!("  {}", file.display()))?;
                }
            }
        }
    }
    Ok(End::Done)
}

#[derive(Serialize)]
struct Written<'a> {
    figure: &'a str,
    title: &'a str,
    cell: u64,
    run: u64,
    files: Vec<PathBuf>,
}

#[derive(Serialize)]
struct Listed {
    name: &'static str,
    shows: &'static str,
    needs: Option<&'static str>,
}

fn list(screen: &Screen, json: bool) -> Result<(), Error> {
    if json {
        let all = CATALOGUE.iter().map(|entry| Listed { name: entry.name, shows: entry.shows, needs: entry.needs });
        return screen.json(&all.collect::<Vec<_>>());
    }
    let columns = ["figure", "shows", "needs"].map(|name| (name.to_owned(), Align::Left));
    let mut table = TextTable::new(columns);
    for entry in &CATALOGUE {
        table.row(vec![style::strong(entry.name), entry.shows.to_owned(), style::faint(entry.needs.unwrap_or(""))]);
    }
    screen.print(table.render())
}

/// The figures, as `--help` prints them.
fn figures() -> String {
    let widest = CATALOGUE.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
    let lines = CATALOGUE.iter().map(|entry| format!("\n  {:widest$}  {}", entry.name, entry.shows));
    format!("Figures:{}", lines.collect::<String>())
}
