//! One small document in all three formats, line by line.

use serde_json::Value;
use traipse_sweep::spec::Format;

/// Renders lines of `key = JSON` and `[section]` so that every line of the document is one line of the text.
pub(crate) fn render(document: &str, format: Format) -> String {
    let lines: Vec<&str> = document.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match format {
        Format::Toml => lines.iter().map(|line| toml_line(line) + "\n").collect(),
        Format::Yaml => yaml(&lines),
        Format::Json => json(&lines),
    }
}

fn section(line: &str) -> Option<&str> {
    line.strip_prefix('[').and_then(|line| line.strip_suffix(']')).filter(|_| !line.contains('='))
}

fn entry(line: &str) -> (&str, Value) {
    let (key, value) = line.split_once(" = ").unwrap_or_else(|| panic!("not an entry: {line}"));
    (key, serde_json::from_str(value).unwrap_or_else(|error| panic!("{value}: {error}")))
}

fn toml_line(line: &str) -> String {
    match section(line) {
        Some(name) => format!("[{name}]"),
        None => {
            let (key, value) = entry(line);
            format!("\"{key}\" = {}", toml_value(&value))
        }
    }
}

fn toml_value(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(toml_value).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("\"{key}\" = {}", toml_value(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

fn yaml(lines: &[&str]) -> String {
    let mut indent = "";
    let mut text = String::new();
    for line in lines {
        if let Some(name) = section(line) {
            indent = "  ";
            text += &format!("{name}:\n");
        } else {
            let (key, value) = entry(line);
            text += &format!("{indent}{key}: {value}\n");
        }
    }
    text
}

fn json(lines: &[&str]) -> String {
    let (mut text, mut open, mut first) = (String::from("{"), false, true);
    for line in lines {
        if let Some(name) = section(line) {
            text += if open {
                "},"
            } else if first {
                ""
            } else {
                ","
            };
            text += &format!("{}\"{name}\": {{", newline(&text));
            (open, first) = (true, true);
        } else {
            let (key, value) = entry(line);
            text += if first { "" } else { "," };
            text += &format!("{}\"{key}\": {value}", newline(&text));
            first = false;
        }
    }
    text + if open { "}}\n" } else { "}\n" }
}

/// Every entry but the very first starts a line.
fn newline(text: &str) -> &'static str {
    if text == "{" { "" } else { "\n" }
}
