//! `export`: a run's files, a script that agrees with the tables, and what is refused.

mod common;

use std::process::Command;

use common::{Scene, TINY};

#[test]
fn a_run_can_be_checked_outside() {
    let scene = Scene::new();
    scene.file("tiny.toml", TINY);
    assert_eq!(scene.run("local tiny.toml --out tables --quiet").code, Some(0));
    let found = scene.run("export tables 1 --out run");
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    for name in ["data.npz", "init.safetensors", "order.npy", "config.json", "check.py"] {
        assert!(scene.path().join("run").join(name).exists(), "{name}");
    }
    let entries = std::fs::read_dir(scene.path()).expect("the folder can be read");
    let mut names = entries.map(|entry| entry.expect("an entry can be read").file_name());
    assert!(names.all(|name| !name.to_string_lossy().starts_with(".export-")), "nothing is left aside");
    // A Python with NumPy is named where checks from outside are wanted.
    if let Some(python) = std::env::var_os("TRAIPSE_PYTHON") {
        let check = Command::new(python).arg(scene.path().join("run/check.py")).output().expect("Python runs");
        let text = String::from_utf8_lossy(&check.stdout).into_owned();
        assert!(check.status.success() && text.contains("largest difference"), "{text}{:?}", check.stderr);
    }
    scene.run("export tables 1 --out run").refused(2, &["run", "there already", "--out"]);
    scene.run("export tables 999").refused(2, &["no run 999", "0 to"]);
}

#[test]
fn a_folder_without_tables_is_refused() {
    let scene = Scene::new();
    scene.file("notes/readme", "nothing");
    scene.run("export notes 0").refused(2, &["notes", "traipse local"]);
    scene.run("export nowhere 0").refused(2, &["nowhere"]);
}
