//! `docs/data.md` says what the column catalogue says. `TRAIPSE_BLESS=1` rewrites its part.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use traipse_sweep::columns::{ColumnDef, ColumnType, Table};

/// The line after which everything is made from the catalogue.
const MARK: &str = "<!-- What follows is made from the column catalogue";

fn type_name(column: &ColumnDef) -> String {
    let name = match column.ty {
        ColumnType::U32 => "u32",
        ColumnType::U64 => "u64",
        ColumnType::F64 => "f64",
        ColumnType::Bool => "bool",
        ColumnType::Utf8 => "utf8",
        ColumnType::ListF64 => "list<f64>",
        ColumnType::ListU64 => "list<u64>",
        ColumnType::Timestamp => "timestamp (UTC)",
    };
    format!("{name}{}", if column.nullable { "?" } else { "" })
}

fn sections() -> String {
    let mut page = String::new();
    for table in Table::ALL {
        let name = table.as_str();
        write!(page, "\n### {name}\n\n").unwrap();
        let axes = match table {
            Table::Runs => "The sweep's axes stand after `settings`.\n\n",
            Table::Statistics => "The sweep's axes stand first.\n\n",
            _ => "",
        };
        page.push_str(axes);
        page.push_str("| column | type | unit | definition |\n| --- | --- | --- | --- |\n");
        for column in table.columns() {
            let definition = column.definition.replace('|', "\\|");
            writeln!(page, "| `{}` | {} | {} | {definition} |", column.name, type_name(column), column.unit).unwrap();
        }
    }
    page
}

#[test]
fn the_page_is_what_the_catalogue_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/data.md");
    let page = fs::read_to_string(&path).unwrap();
    let mark = page.find(MARK).expect("the page says where the generated part begins");
    let end = mark + page[mark..].find('\n').unwrap() + 1;
    let fresh = format!("{}{}", &page[..end], sections());
    if env::var_os("TRAIPSE_BLESS").is_some() {
        fs::write(&path, fresh).unwrap();
    } else {
        assert!(page == fresh, "docs/data.md is stale: TRAIPSE_BLESS=1 cargo test -p traipse-results --test data_page");
    }
}
