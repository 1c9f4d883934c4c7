//! Help, versions, completions, the schema: what a newcomer and a shell read first.

mod common;

use common::{Scene, ended};

const VERBS: [&str; 19] = [
    "local",
    "coordinator",
    "worker",
    "submit",
    "status",
    "watch",
    "cancel",
    "pause",
    "resume",
    "retry",
    "explain",
    "verify",
    "collect",
    "preview",
    "report",
    "plot",
    "data",
    "schema",
    "completions",
];

#[test]
fn help_names_every_verb_and_every_exit_code() {
    let help = Scene::new().run("--help");
    let text = help.done();
    for verb in VERBS {
        assert!(text.contains(&format!("  {verb} ")), "{verb}: {text}");
    }
    for code in ["  0 ", "  1 ", "  2 ", "  3 ", "  130 "] {
        assert!(text.contains(code), "{code}: {text}");
    }
    assert!(text.contains("TRAIPSE_TOKEN") && text.contains("NO_COLOR"), "{text}");
}

#[test]
fn every_verb_has_help_and_no_argument_takes_a_token() {
    let scene = Scene::new();
    for verb in VERBS {
        let help = scene.run(&format!("{verb} --help"));
        let text = help.done();
        assert!(text.contains("Usage: traipse"), "{verb}: {text}");
        assert!(!text.contains("--token "), "{verb}: {text}");
    }
}

#[test]
fn no_verb_an_unknown_verb_and_an_unknown_flag_are_wrong_use() {
    let scene = Scene::new();
    scene.run("").refused(2, &["Usage"]);
    scene.run("lokal x.toml").refused(2, &["lokal", "local"]);
    scene.run("preview x.toml --jsn").refused(2, &["--jsn", "--json"]);
    scene.run("local x.toml --workers 0").refused(2, &["--workers"]);
    scene.run("-q -v schema").refused(2, &["--quiet", "--verbose"]);
}

#[test]
fn completions_are_for_every_shell() {
    let scene = Scene::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = scene.run(&format!("completions {shell}"));
        assert!(script.done().contains("coordinator"), "{shell}");
    }
    scene.run("completions tcsh").refused(2, &["tcsh", "bash"]);
}

#[test]
fn the_schema_is_a_json_schema_of_sweep_files() {
    let schema = Scene::new().run("schema").json();
    assert!(schema["$schema"].as_str().is_some_and(|url| url.contains("json-schema.org")), "{schema}");
    for key in ["name", "data", "model", "train", "snapshots", "probes", "axes", "replicates", "execution"] {
        assert!(schema["properties"].get(key).is_some(), "{key}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_error_and_a_full_disk_is() {
    let scene = Scene::new();
    let (reader, writer) = std::io::pipe().expect("a pipe can be made");
    drop(reader);
    let closed = ended(scene.command().arg("schema").stdout(writer).output().expect("the binary runs"));
    assert_eq!((closed.code, closed.stderr.as_str()), (Some(0), ""));

    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let full = ended(scene.command().arg("schema").stdout(full).output().expect("the binary runs"));
    full.refused(3, &["cannot write to stdout"]);
}
