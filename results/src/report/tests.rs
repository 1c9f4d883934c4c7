//! The page as a whole.

use traipse_sweep::columns::Table;
use traipse_sweep::rows::Cell;

use super::{make, write};
use crate::figure::Wanted;
use crate::fixture::Fixture;

#[test]
fn a_page_stands_alone_and_escapes_what_people_write() {
    let mut fixture = Fixture::default();
    fixture.run(0, 0, 0, vec![("cell_label", Cell::from("name=<img src=x onerror=alert(1)>"))]);
    for at in 0..5_u64 {
        let numbers = [("train_loss", 1.0 / (at + 1) as f64), ("epoch", at as f64), ("distance_from_start", at as f64)];
        let mut row = vec![("run", Cell::U64(0)), ("step", Cell::U64(10 * at))];
        row.extend(numbers.map(|(name, value)| (name, Cell::F64(value))));
        fixture.push(Table::Trajectory, row);
    }
    let dir = tempfile::tempdir().unwrap();
    let tables = fixture.write(dir.path());
    let report = make(&tables, Wanted::default()).unwrap();
    let html = &report.html;
    assert!(!html.contains("<img") && html.contains("&lt;img src=x"), "labels are escaped");
    for outside in ["src=\"", "@import", "url(", "http-equiv", "<link"] {
        assert!(!html.contains(outside), "{outside} would load something");
    }
    for id in ["verdicts", "figures", "A1", "A2", "A3", "A4", "A5", "missing", "provenance"] {
        assert!(html.contains(&format!("id=\"{id}\"")), "{id}");
    }
    // Without a script the headline threshold shows, and the others do not.
    assert!(html.contains("<div data-q=\"0.01\">") && html.contains("<div data-q=\"0.05\" hidden>"));
    assert_eq!(html, &make(&tables, Wanted::default()).unwrap().html, "the same tables give the same page");
    let path = dir.path().join("new").join("page.html");
    write(&report, &path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), *html);
}
