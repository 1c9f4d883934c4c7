//! A small table: columns aligned by what they hold, two spaces between, no lines.

use crate::output::style;

/// On which side a column is even.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Rows of text under a header.
#[derive(Debug)]
pub(crate) struct TextTable {
    header: Vec<String>,
    align: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl TextTable {
    /// A table of those columns.
    pub(crate) fn new(columns: impl IntoIterator<Item = (String, Align)>) -> Self {
        let (header, align) = columns.into_iter().unzip();
        Self { header, align, rows: Vec::new() }
    }

    /// Adds a row; cells may be coloured.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.header.len(), "a row has one cell a column");
        self.rows.push(cells);
    }

    /// The table's lines, without a trailing line's end.
    pub(crate) fn render(&self) -> String {
        let widths: Vec<usize> = (0..self.header.len())
            .map(|at| self.rows.iter().chain([&self.header]).map(|row| width(&row[at])).max().unwrap_or(0))
            .collect();
        let header = self.header.iter().map(style::faint).collect();
        let lines = [header].into_iter().chain(self.rows.iter().cloned());
        lines.map(|row: Vec<String>| self.line(&row, &widths)).collect::<Vec<_>>().join("\n")
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for (at, cell) in row.iter().enumerate() {
            let space = " ".repeat(widths[at] - width(cell));
            line.push_str(if at == 0 { "  " } else { "   " });
            match self.align[at] {
                Align::Left => line.extend([cell.as_str(), &space]),
                Align::Right => line.extend([space.as_str(), cell]),
            }
        }
        line.trim_end().to_owned()
    }
}

/// Columns that a text takes on a terminal: its characters, without colours.
fn width(text: &str) -> usize {
    let mut n = 0;
    let mut in_escape = false;
    for c in text.chars() {
        match (in_escape, c) {
            (false, '\u{1b}') => in_escape = true,
            (true, 'm') => in_escape = false,
            (false, _) => n += 1,
            (true, _) => {}
        }
    }
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_even_and_colours_take_no_room() {
        let mut table = TextTable::new([("name".to_owned(), Align::Left), ("n".to_owned(), Align::Right)]);
        table.row(vec![style::good("a"), "10".to_owned()]);
        table.row(vec!["longer".to_owned(), "7".to_owned()]);
        let plain: Vec<String> =
            table.render().lines().map(|line| anstream::adapter::strip_str(line).to_string()).collect();
        assert_eq!(plain, ["  name      n", "  a        10", "  longer    7"]);
    }
}
