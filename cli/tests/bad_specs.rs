//! Sweep files that are wrong: each refusal names the file, the line and the key, and says what would be right.

mod common;

use common::{Scene, TINY};

/// The file's text, and what the refusal must say.
const WRONG: [(&str, &str, &[&str]); 16] = [
    ("malformed TOML", "name = \"a\"\n[train\nepochs = 1\n", &["bad.toml:2:"]),
    (
        "an unknown key",
        "name = \"a\"\n[train]\nlerning_rate = 0.1\n",
        &["bad.toml:3:1", "lerning_rate", "learning_rate"],
    ),
    ("an unknown table", "name = \"a\"\n[trian]\nepochs = 1\n", &["bad.toml:2:", "trian", "train"]),
    ("a wrong type", "name = \"a\"\n[train]\nlearning_rate = \"fast\"\n", &["bad.toml:3:", "train.learning_rate"]),
    (
        "an unknown word",
        "name = \"a\"\n[model]\nactivation = \"rellu\"\n",
        &["bad.toml:3:", "model.activation", "relu"],
    ),
    ("no name", "[train]\nepochs = 1\n", &["bad.toml", "name"]),
    ("a bad name", "name = \"Ä b\"\n", &["bad.toml:1:", "name", "a-z, 0-9"]),
    ("another grammar", "spec = 9\nname = \"a\"\n", &["bad.toml:1:", "spec"]),
    ("an empty axis", "name = \"a\"\n[axes]\n\"train.learning_rate\" = []\n", &["bad.toml:3:", "train.learning_rate"]),
    (
        "a repeated value",
        "name = \"a\"\n[axes]\n\"train.learning_rate\" = [0.1, 0.1]\n",
        &["bad.toml:3:", "train.learning_rate"],
    ),
    ("an axis of no setting", "name = \"a\"\n[axes]\n\"train.rate\" = [0.1]\n", &["bad.toml:3:", "train.rate"]),
    ("zero epochs", "name = \"a\"\n[train]\nepochs = 0\n", &["bad.toml:3:", "train.epochs"]),
    ("two lengths", "name = \"a\"\n[train]\nepochs = 1\nsteps = 5\n", &["bad.toml", "train.steps", "epochs"]),
    ("no seeds", "name = \"a\"\n[replicates]\nseed = 0\n", &["bad.toml:3:", "seed"]),
    (
        "an exclusion of nothing",
        "name = \"a\"\n[axes]\n\"train.learning_rate\" = [0.1]\n[grid]\nexclude = [{ \"train.learning_rate\" = 0.2 }]\n",
        &["bad.toml:5:", "exclude"],
    ),
    (
        "a zip of unequal lengths",
        "name = \"a\"\n[axes]\n\"train.learning_rate\" = [0.1, 0.2]\n\"train.momentum\" = [0.1]\n[grid]\nzip = [[\"train.learning_rate\", \"train.momentum\"]]\n",
        &["bad.toml:6:", "zip"],
    ),
];

#[test]
fn every_wrong_file_is_refused_at_its_place() {
    let scene = Scene::new();
    for (what, text, words) in WRONG {
        scene.file("bad.toml", text);
        let ended = scene.run("preview bad.toml");
        assert_eq!(ended.code, Some(2), "{what}: {}{}", ended.stdout, ended.stderr);
        ended.refused(2, words);
        assert_eq!(ended.stdout, "", "{what}");
    }
}

#[test]
fn local_and_submit_refuse_it_before_anything_starts() {
    let scene = Scene::new();
    scene.file("bad.toml", "name = \"a\"\n[train]\nepochs = 0\n");
    scene.run("local bad.toml").refused(2, &["bad.toml:3:", "train.epochs"]);
    scene.run("submit bad.toml --token-file nowhere").refused(2, &["bad.toml:3:"]);
    assert!(!scene.path().join("traipse-out").exists(), "nothing is left behind");
}

#[test]
fn a_file_that_is_not_there_or_no_text_is_wrong_use() {
    let scene = Scene::new();
    scene.run("preview nowhere.toml").refused(2, &["nowhere.toml", "help"]);
    scene.run("preview .").refused(2, &["sweep file ."]);
    std::fs::write(scene.path().join("image.toml"), [0xff, 0xfe, 0x00]).expect("files can be written");
    scene.run("preview image.toml").refused(2, &["image.toml", "text"]);
}

#[test]
fn a_batch_that_does_not_fit_the_data_names_the_cell() {
    let scene = Scene::new();
    scene.file("big.toml", &TINY.replace("batch_size = 64", "batch_size = 1500"));
    let words = ["big.toml", "train.batch_size = 1500", "1442"];
    scene.run("preview big.toml").refused(2, &words);
    scene.run("local big.toml").refused(2, &words);
    let axis = TINY.replace("[axes]", "[axes]\n\"train.batch_size\" = [32, 2000]");
    scene.file("axis.toml", &axis);
    scene.run("preview axis.toml").refused(2, &["in the cell", "batch_size=2000"]);
    assert!(!scene.path().join("traipse-out").exists(), "nothing is left behind");
}

#[test]
fn a_network_that_no_machine_holds_is_refused() {
    let scene = Scene::new();
    scene.file("wide.toml", &TINY.replace("hidden = [8]", "hidden = [1000000, 1000000]"));
    scene.run("preview wide.toml").refused(2, &["model.hidden", "parameters"]);
}
