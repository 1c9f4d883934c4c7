//! The data of a figure as CSV: one line a point.

use std::fmt::Write as _;

use super::model::Figure;

/// The data of a figure: `panel,series,x,y,low,high`, and of a field of colour its values in `y` with rows in `row`.
///
/// A panel is named by its axes' labels, so that the file says what its numbers are. Numbers are written as short as
/// they can be read back without loss.
#[must_use]
pub fn csv(figure: &Figure) -> String {
    let mut text = "panel,series,x,row,y,low,high\n".to_owned();
    for panel in &figure.panels {
        let name = field(&format!("{} against {}", panel.y.label, panel.x.label));
        if let Some(heat) = &panel.heat {
            let label = field(&heat.label);
            for (row, y) in heat.y.iter().enumerate() {
                for (column, x) in heat.x.iter().enumerate() {
                    let value = number(heat.values[row * heat.x.len() + column]);
                    let _ = writeln!(text, "{name},{label},{x},{y},{value},,");
                }
            }
        }
        for mark in &panel.marks {
            let series = field(&mark.name);
            for point in &mark.points {
                let (low, high) =
                    point.limits.map_or((String::new(), String::new()), |(low, high)| (number(low), number(high)));
                let _ = writeln!(text, "{name},{series},{},,{},{low},{high}", number(point.x), number(point.y));
            }
        }
    }
    text
}

/// Empty where there is no number.
fn number(value: f64) -> String {
    if value.is_finite() { value.to_string() } else { String::new() }
}

/// Quoted where it must be.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
