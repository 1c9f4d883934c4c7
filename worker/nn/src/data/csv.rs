//! Tables of the user's own: `train.csv` and `test.csv`, one example a line.

use std::borrow::Cow;

use csv::{ByteRecord, ErrorKind, ReaderBuilder, Trim};
use traipse_sweep::settings::{DataName, DataSettings};

use super::file::{Named, content};
use super::finish::{Decoded, finish};
use super::{Dataset, Error, MAX_EXAMPLES, Split, Targets, Values};

/// What is wrong with a table.
#[derive(Debug, thiserror::Error)]
pub enum TableFault {
    /// A row of another length.
    #[error("has {found} fields, expected {expected} as in the line before")]
    Length {
        /// Fields.
        found: u64,
        /// Fields before.
        expected: u64,
    },
    /// A field that is no number.
    #[error(
        "field {field} is `{found}`, expected a finite number: leave out what is not a feature, fill in what is missing"
    )]
    Number {
        /// From 1.
        field: usize,
        /// Its text.
        found: String,
    },
    /// A label that is no class.
    #[error("label `{found}` in field {field}, expected a class from 0 to 255: number the classes from 0")]
    Label {
        /// From 1.
        field: usize,
        /// Its text.
        found: String,
    },
    /// Nothing but the label.
    #[error("has no feature beside the label or target")]
    Features,
    /// Other columns than the training table's.
    #[error("its columns are {found}, but {other} has {expected}")]
    Columns {
        /// In words.
        found: String,
        /// In words.
        expected: String,
        /// The training table.
        other: String,
    },
    /// Not to be read at all.
    #[error("cannot be read: {0}")]
    Csv(csv::Error),
}

/// Names of a column of classes.
const LABELS: [&str; 2] = ["label", "class"];
/// Beginning of the names of columns of targets.
const TARGET: &str = "target";
/// Characters of a file's own words that a message repeats.
const MAX_SHOWN: usize = 32;
/// Labels are bytes, and CSV has none for images: full scale does nothing to floats.
const FULL_SCALE: f64 = 255.0;

/// Decodes two tables, comma-separated, plain or gzip, with or without a line of names: the first line is one where some
/// field of it is no number.
///
/// The column `label` or `class` holds classes, whole numbers from 0. Without one, the columns whose names begin with
/// `target`, or else the last column, hold what is wanted: several are targets; one is a class where every field of both
/// tables is written as a whole number from 0 to 255 without a point, and a target otherwise. All else are features,
/// read as `f32`.
///
/// # Errors
/// If a table is empty or a field is not what it should be; the message names file, line and field.
pub fn csv(settings: &DataSettings, train: Named<'_>, test: Named<'_>) -> Result<Dataset, Error> {
    if settings.name != DataName::Csv {
        return Err(Error::Name { found: settings.name.as_str(), expected: "csv" });
    }
    let (train, test) = (Table::read(train)?, Table::read(test)?);
    if train.columns != test.columns {
        let [expected, found] = [&train.columns, &test.columns].map(Columns::words);
        let other = train.file.to_owned();
        return Err(test.fault(0, TableFault::Columns { found, expected, other }));
    }
    let are_classes = train.columns.kind == Kind::Labels
        || (train.columns.wanted.len() == 1 && [&train, &test].iter().all(|table| table.has_classes_alone()));
    let n_features = train.columns.n - train.columns.wanted.len();
    let splits = [train, test].map(|table| {
        let targets = if are_classes { Targets::Classes(table.classes()?) } else { Targets::Numbers(table.targets()?) };
        Ok(Split::new(n_features, Values::Floats(table.features), targets))
    });
    let [train, test] = splits;
    let (train, test) = (train?, test?);
    let n_outputs = match (train.targets(), test.targets()) {
        (Targets::Classes(a), Targets::Classes(b)) => a.iter().chain(b).map(|&c| usize::from(c) + 1).max().unwrap_or(1),
        (targets, _) => numbers_in(targets) / train.len(),
    };
    finish(settings, Decoded { image: None, n_outputs, full_scale: FULL_SCALE, train, test })
}

fn numbers_in(targets: &Targets) -> usize {
    match targets {
        Targets::Classes(labels) => labels.len(),
        Targets::Numbers(numbers) => numbers.len(),
    }
}

/// What the columns are.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Columns {
    n: usize,
    names: Option<Vec<String>>,
    kind: Kind,
    /// Places of the labels or targets.
    wanted: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Labels,
    /// Classes or targets: their fields tell.
    Either,
}

struct Table<'a> {
    file: &'a str,
    content: Cow<'a, [u8]>,
    columns: Columns,
    features: Vec<f32>,
    /// Fields of labels or targets, as they are written, with the places of their lines.
    wanted: Vec<(u64, String)>,
}

impl Columns {
    fn new(first: &ByteRecord) -> Self {
        let n = first.len();
        let fields: Vec<String> = first.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect();
        // A first row with a field that is missing is a row, and will be refused as one.
        let is_header = fields.iter().any(|field| !field.is_empty() && field.parse::<f32>().is_err());
        let names = is_header.then_some(fields);
        let places = |test: &dyn Fn(&str) -> bool| -> Vec<usize> {
            let names = names.iter().flatten().enumerate();
            names.filter(|(_, name)| test(&name.to_ascii_lowercase())).map(|(at, _)| at).collect()
        };
        let mut wanted = places(&|name| LABELS.contains(&name));
        wanted.truncate(1);
        let kind = if wanted.is_empty() { Kind::Either } else { Kind::Labels };
        if wanted.is_empty() {
            wanted = places(&|name| name.starts_with(TARGET));
        }
        if wanted.is_empty() {
            wanted.push(n.saturating_sub(1));
        }
        Self { n, names, kind, wanted }
    }

    /// For messages.
    fn words(&self) -> String {
        match &self.names {
            Some(names) => shown(&names.join(",")),
            None => format!("{} without names", self.n),
        }
    }
}

impl<'a> Table<'a> {
    fn read((file, raw): Named<'a>) -> Result<Self, Error> {
        let content = content((file, raw))?;
        let mut reader = ReaderBuilder::new().has_headers(false).trim(Trim::All).from_reader(&content[..]);
        let mut record = ByteRecord::new();
        let mut next = |record: &mut ByteRecord| {
            let is_there = reader.read_byte_record(record).map_err(|error| failed(file, &content, error))?;
            Ok(is_there.then(|| record.position().map_or(0, csv::Position::byte)))
        };
        let empty = || Error::Empty { file: file.to_owned(), what: "rows" };
        let mut at = next(&mut record)?.ok_or_else(empty)?;
        let columns = Columns::new(&record);
        let has_header = columns.names.is_some();
        let mut table = Self { file, content: Cow::Borrowed(&[]), columns, features: Vec::new(), wanted: Vec::new() };
        if table.columns.n == table.columns.wanted.len() {
            return Err(Error::Table { file: file.to_owned(), line: line(&content, at), source: TableFault::Features });
        }
        if has_header {
            at = next(&mut record)?.ok_or_else(empty)?;
        }
        for n_rows in 1.. {
            let pushed = table.push(at, &record);
            pushed.map_err(|source| Error::Table { file: file.to_owned(), line: line(&content, at), source })?;
            if n_rows > MAX_EXAMPLES {
                let file = file.to_owned();
                return Err(Error::TooMany { file, found: n_rows, what: "rows at least", limit: MAX_EXAMPLES });
            }
            let Some(following) = next(&mut record)? else { break };
            at = following;
        }
        table.content = content;
        Ok(table)
    }

    fn push(&mut self, byte: u64, record: &ByteRecord) -> Result<(), TableFault> {
        for (at, field) in record.iter().enumerate() {
            let text = std::str::from_utf8(field).unwrap_or("bytes that are not UTF-8");
            if self.columns.wanted.contains(&at) {
                self.wanted.push((byte, text.to_owned()));
            } else {
                self.features.push(number(at, text)?);
            }
        }
        Ok(())
    }

    /// Whether every field could be a class.
    fn has_classes_alone(&self) -> bool {
        self.wanted.iter().all(|(_, text)| text.parse::<u8>().is_ok())
    }

    fn classes(&self) -> Result<Vec<u8>, Error> {
        let field = self.columns.wanted[0] + 1;
        let class = |(byte, text): &(u64, String)| {
            text.parse().map_err(|_| self.fault(*byte, TableFault::Label { field, found: shown(text) }))
        };
        self.wanted.iter().map(class).collect()
    }

    fn targets(&self) -> Result<Vec<f32>, Error> {
        let places = self.columns.wanted.iter().cycle();
        let target =
            |((byte, text), &at): (&(u64, String), &usize)| number(at, text).map_err(|fault| self.fault(*byte, fault));
        self.wanted.iter().zip(places).map(target).collect()
    }

    fn fault(&self, byte: u64, source: TableFault) -> Error {
        Error::Table { file: self.file.to_owned(), line: line(&self.content, byte), source }
    }
}

fn number(at: usize, text: &str) -> Result<f32, TableFault> {
    let number = text.parse().ok().filter(|number: &f32| number.is_finite());
    number.ok_or_else(|| TableFault::Number { field: at + 1, found: shown(text) })
}

/// The line of the record that is read from that byte on: empty lines before it are not its own.
fn line(content: &[u8], byte: u64) -> u64 {
    let (before, rest) = content.split_at(content.len().min(byte as usize));
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let empty = rest.iter().take_while(|byte| is_end(byte));
    before.iter().chain(empty).filter(|&&byte| byte == b'\n').count() as u64 + 1
}

fn failed(file: &str, content: &[u8], error: csv::Error) -> Error {
    let line = line(content, error.position().map_or(0, csv::Position::byte));
    let source = match *error.kind() {
        ErrorKind::UnequalLengths { expected_len: expected, len: found, .. } => TableFault::Length { found, expected },
        _ => TableFault::Csv(error),
    };
    Error::Table { file: file.to_owned(), line, source }
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
