//! The walls of the house: who may import whom, and how large a file or a function may grow.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use syn::spanned::Spanned;
use syn::visit::Visit;
use traipse_tests::workspace;

const MAX_FILE_LINES: usize = 500;
const MAX_FUNCTION_LINES: usize = 70;

/// The edges of docs/architecture.md, package by package. Nothing else is allowed, tests and build scripts included.
fn allowed() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let all = ["sweep", "proto", "store", "scheduler", "coordinator", "agent", "nn", "probe", "worker", "results"];
    let rows: [(&str, &[&str]); 11] = [
        ("sweep", &[]),
        ("proto", &["sweep"]),
        ("store", &["sweep"]),
        ("scheduler", &["sweep"]),
        ("agent", &["sweep"]),
        ("nn", &["sweep"]),
        ("results", &["sweep"]),
        ("probe", &["nn", "sweep"]),
        ("worker", &["sweep", "proto", "store", "agent", "nn", "probe", "results"]),
        ("coordinator", &["sweep", "proto", "store", "scheduler", "results"]),
        ("cli", &all),
    ];
    let mut edges: BTreeMap<_, BTreeSet<_>> =
        rows.into_iter().map(|(room, may)| (room, may.iter().copied().collect())).collect();
    edges.insert("tests", all.into_iter().chain(["cli"]).collect());
    edges
}

/// The room of a package of ours: `traipse-nn` is `nn`, `traipse` is `cli`.
fn room(package: &str) -> Option<&str> {
    if package == "traipse" { Some("cli") } else { package.strip_prefix("traipse-") }
}

/// Every package of the workspace with the names of all that it depends on, of whatever kind.
fn packages() -> Vec<(String, Vec<String>)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(workspace())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let text = |value: &serde_json::Value| value.as_str().expect("a name is text").to_owned();
    metadata["packages"]
        .as_array()
        .expect("packages is a list")
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies is a list");
            (text(&package["name"]), dependencies.iter().map(|dependency| text(&dependency["name"])).collect())
        })
        .collect()
}

#[test]
fn rooms_import_only_what_the_design_allows() {
    let allowed = allowed();
    let packages = packages();
    assert_eq!(packages.len(), allowed.len(), "a room was added or removed: change docs/architecture.md and this list");
    for (package, dependencies) in &packages {
        let from = room(package).unwrap_or_else(|| panic!("{package} is not named traipse-<room>"));
        let may = allowed.get(from).unwrap_or_else(|| panic!("{package} is a room that the design does not have"));
        for to in dependencies.iter().filter_map(|name| room(name)) {
            assert!(may.contains(to) || to == from, "{from} must not import {to}: see docs/architecture.md");
        }
    }
}

#[test]
fn only_the_shells_know_the_network() {
    let shells = ["proto", "store", "coordinator", "worker", "cli", "tests"];
    for (package, dependencies) in packages() {
        let from = room(&package).expect("our packages are rooms").to_owned();
        for dependency in dependencies.iter().filter(|name| name.starts_with("tokio") || name.starts_with("tonic")) {
            assert!(shells.contains(&from.as_str()), "{from} must not know {dependency}");
        }
    }
}

/// All .rs files that git would track, build output left out.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the workspace is readable") {
        let path = entry.expect("the workspace is readable").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" && name != "traipse-out" && !name.starts_with('.') {
                sources(&path, found);
            }
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

/// Collects the functions of a file that are too long.
struct LongFunctions {
    found: Vec<(String, usize)>,
}

impl LongFunctions {
    fn look(&mut self, name: &syn::Ident, whole: proc_macro2::Span) {
        let lines = whole.end().line + 1 - whole.start().line;
        if lines > MAX_FUNCTION_LINES {
            self.found.push((name.to_string(), lines));
        }
    }
}

impl<'ast> Visit<'ast> for LongFunctions {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.look(&item.sig.ident, item.sig.span().join(item.block.span()).unwrap_or_else(|| item.block.span()));
        syn::visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.look(&item.sig.ident, item.sig.span().join(item.block.span()).unwrap_or_else(|| item.block.span()));
        syn::visit::visit_impl_item_fn(self, item);
    }
}

#[test]
fn files_and_functions_stay_small() {
    let mut files = Vec::new();
    sources(&workspace(), &mut files);
    assert!(files.len() > 50, "the sources were not found");
    let mut complaints = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source is UTF-8");
        let lines = text.lines().count();
        if lines > MAX_FILE_LINES {
            complaints.push(format!("{}: {lines} lines, at most {MAX_FILE_LINES}", file.display()));
        }
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut long = LongFunctions { found: Vec::new() };
        long.visit_file(&parsed);
        complaints.extend(long.found.into_iter().map(|(name, lines)| {
            format!("{}: fn {name} has {lines} lines, at most {MAX_FUNCTION_LINES}", file.display())
        }));
    }
    assert!(complaints.is_empty(), "split by meaning:\n{}", complaints.join("\n"));
}
