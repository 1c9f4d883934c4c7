//! A sweep file, read: from a path or from stdin, with errors that show the line.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use traipse_sweep::spec::{self, Format, SpecError};
use traipse_sweep::{Plan, SweepSpec};

use crate::error::Error;
use crate::output::style;

/// Longest sweep file.
const MAX_BYTES: u64 = 16 << 20;

/// A sweep file that is right, ready to be asked about its jobs.
#[derive(Debug)]
pub(crate) struct SpecFile {
    /// As the person called it: its path, or `<stdin>`.
    pub(crate) file: String,
    /// Its meaning.
    pub(crate) plan: Arc<Plan>,
    text: String,
    format: Format,
}

impl SpecFile {
    /// What it says.
    pub(crate) fn spec(&self) -> &SweepSpec {
        self.plan.spec()
    }

    /// A refusal that the file alone does not explain, at the place of a key.
    pub(crate) fn refuse_key(&self, key: &str, message: String, help: String) -> Error {
        let error = spec::refuse_key((&self.text, self.format, &self.file), key, message, help);
        Error::Spec(Box::new(SpecProblem { error, text: self.text.clone() }))
    }

    /// The sweep's name.
    pub(crate) fn name(&self) -> &str {
        &self.spec().name
    }
}

/// A wrong place in a sweep file, and the file's text to show it in.
#[derive(Debug)]
pub(crate) struct SpecProblem {
    error: SpecError,
    text: String,
}

/// Reads a sweep file; `-` is stdin.
///
/// # Errors
/// If it cannot be read, or is wrong.
pub(crate) fn read(path: &Path) -> Result<SpecFile, Error> {
    let (file, text) = if path == Path::new("-") {
        ("<stdin>".to_owned(), read_text(io::stdin()).map_err(|error| unreadable("<stdin>", error))?)
    } else {
        let file = path.display().to_string();
        let text = File::open(path).and_then(read_text).map_err(|error| unreadable(&file, error))?;
        (file, text)
    };
    let format = Format::of_path(&file).unwrap_or_else(|| guess(&text));
    let plan = spec::parse(&text, format, &file).map(Arc::new).and_then(Plan::new);
    match plan {
        Ok(plan) => Ok(SpecFile { file, plan: Arc::new(plan), text, format }),
        Err(error) => Err(Error::Spec(Box::new(SpecProblem { error, text }))),
    }
}

fn read_text(source: impl Read) -> io::Result<String> {
    let mut text = String::new();
    source.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "a sweep file is at most 16 MiB long"));
    }
    Ok(text)
}

fn unreadable(file: &str, error: io::Error) -> Error {
    let kind = error.kind();
    let cause = anyhow::Error::new(error).context(format!("cannot read the sweep file {file}"));
    match kind {
        io::ErrorKind::NotFound => Error::wrong_use(format!("there is no sweep file {file}"))
            .help("give the path of a .toml, .yaml or .json file, or - for stdin; `traipse schema` says what it holds"),
        io::ErrorKind::IsADirectory | io::ErrorKind::InvalidData | io::ErrorKind::FileTooLarge => {
            Error::wrong_use(format!("{cause:#}")).help("a sweep file is a text file in TOML, YAML or JSON")
        }
        _ => Error::environment(cause),
    }
}

/// The format of a text whose name tells none: JSON opens with a brace, TOML's first line is a table or a setting.
fn guess(text: &str) -> Format {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or("");
    if first.starts_with('{') {
        Format::Json
    } else if first.starts_with('[') || first.contains('=') || first.is_empty() {
        Format::Toml
    } else {
        Format::Yaml
    }
}

impl SpecProblem {
    /// The error in words: with the line underlined for a person, on plain lines otherwise.
    pub(crate) fn render(&self, with_source: bool) -> String {
        if with_source { self.with_source() } else { self.error.to_string() }
    }

    fn with_source(&self) -> String {
        let error = &self.error;
        let gutter = error.line.to_string().len();
        let edge = |label: &str| style::help(format!("{label:>gutter$} |"));
        let mut lines = vec![format!("{}: {}", style::error("error"), error.message), self.place(gutter)];
        if let Some(line) = error.line.checked_sub(1).and_then(|at| self.text.lines().nth(at)) {
            let (before, marked) = self.marked(line);
            lines.push(edge(""));
            lines.push(format!("{} {}", edge(&error.line.to_string()), line.replace('\t', " ")));
            lines.push(format!("{} {}{}", edge(""), " ".repeat(before), style::error("^".repeat(marked))));
        }
        if !error.help.is_empty() {
            let margin = format!("{:>gutter$} =", "");
            lines.push(format!("{} {}: {}", style::help(margin), style::help("help"), error.help));
        }
        lines.join("\n")
    }

    /// `--> digits.toml:7:1  (train.learning_rate)`.
    fn place(&self, gutter: usize) -> String {
        let error = &self.error;
        let mut place = format!("{:gutter$}{} {}", "", style::help("-->"), error.file);
        if error.line > 0 {
            place.push_str(&format!(":{}:{}", error.line, error.column));
        }
        if !error.key.is_empty() {
            place.push_str(&format!("  ({})", error.key));
        }
        place
    }

    /// Characters before the place in its line, and how many are marked: at least one, at most to the line's end.
    fn marked(&self, line: &str) -> (usize, usize) {
        let before = self.error.column.saturating_sub(1).min(line.chars().count());
        let rest = line.chars().count() - before;
        let span = self.error.span.start..self.error.span.end.min(self.text.len());
        let length = self.text.get(span).and_then(|text| text.lines().next()).unwrap_or("").chars().count();
        (before, length.clamp(1, rest.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nameless_text_tells_its_format() {
        assert_eq!(guess("# a sweep\n\n[train]\nepochs = 1\n"), Format::Toml);
        assert_eq!(guess("name = \"a\""), Format::Toml);
        assert_eq!(guess("\n  {\"name\": \"a\"}"), Format::Json);
        assert_eq!(guess("# a sweep\nname: a\n"), Format::Yaml);
    }

    #[test]
    fn a_person_sees_the_line_and_what_is_wrong_in_it() {
        let text = "[train]\nlerning_rate = 0.1\n".to_owned();
        let error = SpecError {
            file: "a.toml".to_owned(),
            line: 2,
            column: 1,
            span: 8..20,
            key: "train.lerning_rate".to_owned(),
            message: "there is no such key".to_owned(),
            help: "did you mean `learning_rate`?".to_owned(),
        };
        let problem = SpecProblem { error, text };
        let shown = anstream::adapter::strip_str(&problem.render(true)).to_string();
        let expected = "error: there is no such key\n --> a.toml:2:1  (train.lerning_rate)\n  |\n2 | lerning_rate = 0.1\n  | \
                        ^^^^^^^^^^^^\n  = help: did you mean `learning_rate`?";
        assert_eq!(shown, expected);
        assert!(problem.render(false).starts_with("a.toml:2:1: train.lerning_rate: there is no such key"));
    }

    #[test]
    fn a_mark_stays_within_its_line() {
        let error = SpecError {
            file: "a.toml".to_owned(),
            line: 1,
            column: 6,
            span: 5..40,
            key: String::new(),
            message: "never ends".to_owned(),
            help: String::new(),
        };
        let problem = SpecProblem { error, text: "key = [\n1,\n".to_owned() };
        assert_eq!(problem.marked("key = ["), (5, 2));
    }
}
