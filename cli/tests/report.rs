//! `traipse report` and `traipse plot`, on the tables of a small sweep.

mod common;

use std::fs;

use common::{Scene, TINY};

#[test]
fn a_sweeps_tables_become_verdicts_figures_and_a_page() {
    let scene = Scene::new();
    scene.file("tiny.toml", TINY);
    scene.run("local tiny.toml --out out --quiet").done();

    let report = scene.run("report out");
    let text = report.done();
    for words in ["A1", "A5", "locally non-convex", "undecided", "out/report.html"] {
        assert!(text.contains(words), "`{words}` is missing in: {text}");
    }
    let page = fs::read_to_string(scene.path().join("out/report.html")).expect("the page is there");
    assert!(page.starts_with("<!doctype html>") && page.contains("[probes.hessian]"), "open claims name their probe");

    let json = scene.run("report out --out page.html --json").json();
    assert_eq!((&json["page"], json["by_threshold"].as_array().map(Vec::len)), (&"page.html".into(), Some(3)));
    assert!(scene.path().join("page.html").is_file());

    let plot = scene.run("plot out --figure loss-and-path --cell 1 --out figures --json").json();
    assert_eq!((&plot["cell"], plot["files"].as_array().map(Vec::len)), (&1.into(), Some(3)), "{plot}");
    for extension in ["svg", "png", "csv"] {
        assert!(scene.path().join(format!("figures/loss-and-path.{extension}")).is_file(), "{extension}");
    }
    let list = scene.run("plot out --figure list");
    assert!(list.done().contains("spectral-density"));

    scene.run("plot out --figure eigenvalues").refused(2, &["eigenvalues", "[probes.hessian]"]);
    scene.run("plot out --figure eigenvalue").refused(2, &["no figure `eigenvalue`", "`eigenvalues`"]);
    scene.run("plot out --figure surface --cell 9").refused(2, &["no cell 9", "cells 0 to 1"]);
}

#[test]
fn a_folder_without_tables_or_with_others_is_refused() {
    let scene = Scene::new();
    scene.run("report nowhere").refused(2, &["nowhere", "no tables", "traipse collect"]);
    scene.file("empty/readme", "");
    scene.run("plot empty --figure diffusion").refused(2, &["empty", "manifest.json"]);
    scene.file("other/manifest.json", r#"{ "manifest": 99 }"#);
    scene.run("report other").refused(2, &["version 99", "version 1"]);
    scene.file("broken/manifest.json", "{");
    scene.run("report broken").refused(2, &["manifest"]);
}
