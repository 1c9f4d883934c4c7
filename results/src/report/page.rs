//! The page: its head, its order, its style.

use super::escape::escape;
use super::figures::{self, Drawn};
use super::{provenance, verdicts};
use crate::Tables;
use crate::figure::Choice;
use crate::verdict::{THRESHOLDS, Verdicts, words};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Sets the page.
pub(crate) fn page(tables: &Tables, found: &Verdicts, drawn: &[Drawn], choice: &Choice) -> String {
    let manifest = tables.manifest();
    let name = escape(&manifest.name);
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{name}: verdicts and figures</title><style>{STYLE}</style></head><body><header><h1>{name}</h1><p>{}</p>",
        escape(&lede(tables, found))
    );
    if manifest.partial {
        html.push_str(
            "<p class=\"warning\">These tables are partial: the sweep had not ended when they were collected.</p>",
        );
    }
    html.push_str(&switch());
    html.push_str("</header><main><section id=\"verdicts\"><h2>Verdicts</h2>");
    html.push_str(&verdicts::table(found));
    html.push_str(READING);
    html.push_str("</section>");
    html.push_str(&figures::section(drawn, choice));
    html.push_str(&verdicts::details(found));
    html.push_str(&figures::missing(drawn, &verdicts::remedies(found)));
    html.push_str(&provenance::section(manifest));
    html.push_str(&format!("</main><script>{SCRIPT}</script></body></html>\n"));
    html
}

const READING: &str = "<p class=\"soft\">The claims are those of the abstract of <i>Stuck in a What? Adventures in Weight \
    Space</i> (Lipton 2016, arXiv 1602.07320), in our words; its experiments are not repeated here. t* is the first \
    snapshot from which the objective stays within q of its whole fall. Means are over seeds, with 95 % intervals (Student t; \
    Wilson for shares): a condition holds or fails where the whole interval lies on one side of its threshold, and is open \
    where it straddles. A claim is supported where all conditions hold, contradicted where one fails. Over cells it is what all \
    decided cells say, where they are at least half.</p>";

fn lede(tables: &Tables, found: &Verdicts) -> String {
    let manifest = tables.manifest();
    let outcomes: Vec<String> = manifest.n_runs.iter().map(|(outcome, n)| format!("{n} {outcome}")).collect();
    let n_runs: u64 = manifest.n_runs.values().sum();
    let first = found.headline().first();
    let n_cells = first.map_or(0, |claim| claim.n_supported + claim.n_contradicted + claim.n_undecided);
    format!("{} in {}: {}.", words::counted(n_runs, "run"), words::counted(n_cells, "cell"), outcomes.join(", "))
}

/// Buttons that choose the threshold; a script shows them, since without one they would do nothing.
fn switch() -> String {
    let button = |q: &f64| format!("<button type=\"button\" data-choose=\"{q}\">{}</button>", words::threshold(*q));
    let buttons: String = THRESHOLDS.iter().map(button).collect();
    format!(
        "<div id=\"switch\" role=\"group\" aria-label=\"threshold of convergence\" hidden>converged within q = {buttons}</div>"
    )
}
