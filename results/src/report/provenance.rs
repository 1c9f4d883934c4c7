//! Where the numbers come from: the sweep, what wrote its tables, and their digests.

use std::fmt::Write as _;

use super::escape::escape;
use crate::Manifest;

/// The last section of the page.
pub(crate) fn section(manifest: &Manifest) -> String {
    let mut html = "<section id=\"provenance\"><h2>Provenance</h2><table class=\"facts\"><tbody>".to_owned();
    let outcomes: Vec<String> = manifest.n_runs.iter().map(|(outcome, n)| format!("{n} {outcome}")).collect();
    let rows = [
        ("Sweep", format!("{} ({})", manifest.name, manifest.sweep)),
        ("State", format!("{}{}", manifest.state, if manifest.partial { ", partial" } else { "" })),
        ("Runs", outcomes.join(", ")),
        ("Tables written by", format!("traipse {}", manifest.build)),
        ("Report written by", format!("traipse {}", env!("CARGO_PKG_VERSION"))),
        ("Arithmetic", manifest.numerics.clone()),
        ("Workers' CPUs", manifest.cpu_features.join("; ")),
    ];
    for (name, value) in rows {
        let _ = write!(html, "<tr><th scope=\"row\">{name}</th><td>{}</td></tr>", escape(&value));
    }
    html.push_str("</tbody></table><div class=\"scroll\"><table class=\"facts\"><thead><tr><th>Table</th><th>Rows</th><th>Bytes</th><th>SHA-256</th></tr></thead><tbody>");
    for (name, file) in &manifest.files {
        let _ = write!(
            html,
            "<tr><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"digest\">{}</td></tr>",
            escape(name),
            file.rows,
            file.bytes,
            escape(&file.sha256)
        );
    }
    html.push_str("</tbody></table></div>");
    let spec = serde_json::to_string_pretty(&manifest.spec).unwrap_or_default();
    let _ = write!(
        html,
        "<details><summary>The sweep file, as it was understood</summary><pre>{}</pre></details>",
        escape(&spec)
    );
    html + "</section>"
}
