//! Verdicts as HTML: the table, and each claim with its cells.

use std::fmt::Write as _;

use super::escape::escape;
use crate::verdict::{
    AtThreshold, CellVerdict, ClaimVerdict, Condition, ConditionTally, Counts, Decision, HEADLINE, Robustness,
    Verdicts, words,
};

/// Cells of a claim that the page tells: of more, `--json` has up to 200, and all are counted.
const MAX_CELLS: usize = 60;

/// The verdict table, once a threshold; the headline shows without a script.
pub(crate) fn table(verdicts: &Verdicts) -> String {
    at_each(verdicts, |at| {
        let mut html = "<table class=\"verdicts\"><thead><tr><th>Claim</th><th>Verdict</th><th>Conditions</th>\
                        <th>Runs</th></tr></thead><tbody>"
            .to_owned();
        for claim in &at.claims {
            let conditions: String = claim.conditions.iter().map(tally).collect();
            let _ = write!(
                html,
                "<tr><td class=\"claim\"><a href=\"#{code}\"><b>{code}</b></a> {}</td>\
                 <td>{}<span class=\"cells\">{}</span></td><td><ul class=\"conditions\">{conditions}</ul></td>\
                 <td class=\"runs\">{}</td></tr><tr class=\"sentence\"><td colspan=\"4\">{} <span class=\"soft\">{}</span></td></tr>",
                escape(claim.statement),
                chip(claim.decision),
                escape(&cells(claim)),
                counts(claim.counts),
                escape(&claim.sentence),
                escape(&hangs(claim)),
                code = claim.code,
            );
        }
        html + "</tbody></table>"
    })
}

/// Each claim with its rule and its cells.
pub(crate) fn details(verdicts: &Verdicts) -> String {
    let mut html = String::new();
    for (place, claim) in verdicts.headline().iter().enumerate() {
        let _ = write!(
            html,
            "<section id=\"{}\"><h2>{} · {}</h2><p class=\"rule\"><b>Rule.</b> {}.</p>",
            claim.code,
            claim.code,
            escape(claim.statement),
            escape(claim.rule)
        );
        let same = verdicts.by_threshold.iter().all(|at| at.claims[place] == *claim);
        if same {
            html.push_str(&of_claim(claim));
        } else {
            html.push_str(&at_each(verdicts, |at| of_claim(&at.claims[place])));
        }
        html.push_str("</section>");
    }
    html
}

/// What would decide open conditions at the headline threshold, each once.
pub(crate) fn remedies(verdicts: &Verdicts) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for remedy in verdicts.headline().iter().flat_map(|claim| &claim.remedies) {
        if !all.contains(remedy) {
            all.push(remedy.clone());
        }
    }
    all
}

/// One block a threshold, of which a script shows the chosen one.
fn at_each(verdicts: &Verdicts, block: impl Fn(&AtThreshold) -> String) -> String {
    let mut html = String::new();
    for (place, at) in verdicts.by_threshold.iter().enumerate() {
        let hidden = if place == HEADLINE { "" } else { " hidden" };
        let _ = write!(html, "<div data-q=\"{}\"{hidden}>{}</div>", at.q, block(at));
    }
    html
}

fn of_claim(claim: &ClaimVerdict) -> String {
    let mut html = format!("<p>{} {}</p>", chip(claim.decision), escape(&claim.sentence));
    let open = if claim.cells.len() == 1 { " open" } else { "" };
    for cell in claim.cells.iter().take(MAX_CELLS) {
        html.push_str(&of_cell(cell, open));
    }
    let n = claim.n_supported + claim.n_contradicted + claim.n_undecided;
    if n > MAX_CELLS as u64 {
        let _ = write!(html, "<p class=\"soft\">{} of {n} cells are shown; all are counted.</p>", MAX_CELLS);
    }
    html
}

fn of_cell(cell: &CellVerdict, open: &str) -> String {
    let label = if cell.label.is_empty() { format!("cell {}", cell.cell) } else { cell.label.clone() };
    let finding = cell.finding.as_ref().map_or_else(String::new, |finding| format!(" · {}", escape(finding)));
    let mut html = format!(
        "<details{open}><summary>{}<span class=\"label\">{}</span><span class=\"soft\">{finding}</span></summary><p>{}</p>",
        chip(cell.decision),
        escape(&label),
        escape(&cell.sentence)
    );
    html.push_str("<div class=\"scroll\"><table class=\"facts\"><thead><tr><th></th><th>Condition</th><th>Mean [95 %]</th><th>n</th><th></th></tr></thead><tbody>");
    html.extend(cell.conditions.iter().map(condition));
    html.push_str("</tbody></table></div>");
    if !cell.references.is_empty() {
        html.push_str("<div class=\"scroll\"><table class=\"facts\"><thead><tr><th>Beside it</th><th>Mean [95 %]</th><th>n</th></tr></thead><tbody>");
        for reference in &cell.references {
            let _ = write!(
                html,
                "<tr><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
                escape(&reference.name),
                words::interval(reference.value),
                reference.value.n
            );
        }
        html.push_str("</tbody></table></div>");
    }
    let _ = write!(html, "<p class=\"soft\">{}", counts(cell.counts));
    if cell.robustness != Robustness::Open {
        let _ = write!(html, " · {}", escape(&cell.robustness.words()));
    }
    html.push_str("</p>");
    if !cell.remedies.is_empty() {
        html.push_str("<ul class=\"soft\">");
        for remedy in &cell.remedies {
            let _ = write!(html, "<li>{}</li>", escape(remedy));
        }
        html.push_str("</ul>");
    }
    html + "</details>"
}

fn condition(condition: &Condition) -> String {
    let note = condition
        .note
        .as_ref()
        .map_or_else(String::new, |note| format!("<br><span class=\"soft\">{}</span>", escape(note)));
    let (value, n) = condition
        .statistic
        .map_or(("—".to_owned(), "0".to_owned()), |statistic| (words::interval(statistic), statistic.n.to_string()));
    format!(
        "<tr><td>({})</td><td>{}{note}</td><td class=\"number\">{value}</td><td class=\"number\">{n}</td>\
         <td class=\"truth {word}\">{word}</td></tr>",
        condition.letter,
        escape(&condition.asks),
        word = condition.truth.as_str()
    )
}

/// A condition over the cells, in a line.
fn tally(condition: &ConditionTally) -> String {
    let n = condition.n_holds + condition.n_fails + condition.n_open;
    let value = match (condition.only, condition.range) {
        (Some(only), _) => words::interval(only),
        (None, Some((low, high))) => format!("{} to {}", words::number(low), words::number(high)),
        (None, None) => "not measured".to_owned(),
    };
    let verdict = match (n, condition.n_holds, condition.n_fails) {
        (1, 1, _) => "holds".to_owned(),
        (1, _, 1) => "fails".to_owned(),
        (1, ..) => "open".to_owned(),
        (_, holds, fails) => format!("holds in {holds}, fails in {fails} of {n}"),
    };
    format!(
        "<li>({}) {}<span class=\"value\">{} · {verdict}</span></li>",
        condition.letter,
        escape(&condition.asks),
        value
    )
}

fn chip(decision: Decision) -> String {
    let mark = match decision {
        Decision::Supported => "✓",
        Decision::Contradicted => "✗",
        Decision::Undecided => "?",
    };
    format!(
        "<span class=\"chip {word}\"><span aria-hidden=\"true\">{mark}</span> {word}</span>",
        word = decision.as_str()
    )
}

fn cells(claim: &ClaimVerdict) -> String {
    let n = claim.n_supported + claim.n_contradicted + claim.n_undecided;
    if n == 1 {
        return "1 cell".to_owned();
    }
    format!("{} ✓ · {} ✗ · {} ? of {n} cells", claim.n_supported, claim.n_contradicted, claim.n_undecided)
}

/// Runs behind a verdict, and whether they are survivors alone.
fn counts(counts: Counts) -> String {
    let mut text = format!("n = {}", counts.n_total);
    for (n, word) in [
        (counts.n_diverged, "diverged"),
        (counts.n_failed, "failed or unfinished"),
        (counts.n_not_converged, "not converged"),
    ] {
        if n > 0 {
            text.push_str(&format!(", {n} {word}"));
        }
    }
    if counts.survivors_only() {
        text.push_str(" (the others are described)");
    }
    text
}

/// What the decisions hang on, over the cells.
fn hangs(claim: &ClaimVerdict) -> String {
    let told = claim.robustness.iter().filter(|(kind, _)| *kind != "open");
    let n = claim.n_supported + claim.n_contradicted + claim.n_undecided;
    let told: Vec<String> =
        told.map(|(kind, k)| if n == 1 { (*kind).to_owned() } else { format!("{kind} in {k}") }).collect();
    match (told.as_slice(), claim.cells.as_slice()) {
        ([], _) => String::new(),
        (_, [only]) if only.robustness != Robustness::Open => format!("{}.", capital(&only.robustness.words())),
        (told, _) => format!("{}.", capital(&words::list(told))),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
