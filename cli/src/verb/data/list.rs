//! `traipse data list`: every data set in a table.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use traipse_worker::data::{PUBLISHED, Published, is_present};

use crate::error::Error;
use crate::exit::End;
use crate::output::Screen;
use crate::output::table::{Align, TextTable};
use crate::output::units::{bytes, count};

/// Where to look.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A folder that holds files of data sets, or folders named after them.
    #[arg(long, value_name = "DIR", default_value = "data")]
    dir: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the table.
pub(super) fn run(args: &Args, screen: &Screen) -> Result<End, Error> {
    if args.json {
        let sets: Vec<Value> = PUBLISHED.iter().map(|set| as_json(set, &args.dir)).collect();
        screen.json(&json!({ "data_sets": sets }))?;
        return Ok(End::Done);
    }
    let columns = [
        ("name", Align::Left),
        ("training", Align::Right),
        ("test", Align::Right),
        ("shape", Align::Left),
        ("classes", Align::Right),
        ("download", Align::Right),
        ("here", Align::Left),
        ("licence", Align::Left),
        ("what", Align::Left),
    ];
    let mut table = TextTable::new(columns.map(|(name, align)| (name.to_owned(), align)));
    for set in &PUBLISHED {
        table.row(row(set, &args.dir));
    }
    screen.print(table.render())?;
    Ok(End::Done)
}

fn row(set: &Published, dir: &Path) -> Vec<String> {
    let unknown = || "-".to_owned();
    let number =
        |of: fn(&traipse_worker::data::Sizes) -> u64| set.sizes.as_ref().map_or_else(unknown, |s| count(of(s)));
    let shape = set.sizes.map_or_else(unknown, |sizes| {
        let shape = sizes.shape;
        format!("{} × {} × {}", shape.channels, shape.height, shape.width)
    });
    let here = match (set.name.has_files(), place(set, dir)) {
        (false, _) => "always".to_owned(),
        (true, Some(place)) => place.display().to_string(),
        (true, None) => "no".to_owned(),
    };
    let download = match download_bytes(set) {
        0 => unknown(),
        n => bytes(n as f64),
    };
    let what = format!("{} ({})", set.what, set.source);
    vec![
        set.name.as_str().to_owned(),
        number(|sizes| sizes.n_train),
        number(|sizes| sizes.n_test),
        shape,
        number(|sizes| sizes.n_classes),
        download,
        here,
        set.licence.to_owned(),
        what,
    ]
}

fn as_json(set: &Published, dir: &Path) -> Value {
    let files: Vec<Value> = set
        .files
        .iter()
        .map(|file| json!({ "name": file.name, "url": file.url, "bytes": file.bytes, "sha256": file.sha256 }))
        .collect();
    let sizes = set.sizes.map(|sizes| {
        let shape = sizes.shape;
        json!({
            "n_train": sizes.n_train,
            "n_test": sizes.n_test,
            "shape": [shape.channels, shape.height, shape.width],
            "n_classes": sizes.n_classes,
        })
    });
    json!({
        "name": set.name,
        "what": set.what,
        "sizes": sizes,
        "source": set.source,
        "licence": set.licence,
        "has_files": set.name.has_files(),
        "files": files,
        "download_bytes": download_bytes(set),
        "found_in": place(set, dir),
    })
}

fn download_bytes(set: &Published) -> u64 {
    set.files.iter().map(|file| file.bytes).sum()
}

/// Where the files of a set lie: in the folder of its name, else in the folder itself. MNIST and Fashion-MNIST have the
/// same names of files, so that the latter is looked for in its own folder alone.
fn place(set: &Published, dir: &Path) -> Option<PathBuf> {
    let own = dir.join(set.name.as_str());
    let places = [own, dir.to_owned()];
    let n = if set.name == traipse_sweep::settings::DataName::FashionMnist { 1 } else { 2 };
    let found = places.into_iter().take(n).find(|place| is_present(set.name, place));
    found.filter(|_| set.name.has_files())
}
