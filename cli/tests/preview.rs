//! `traipse preview`: what a sweep file means and costs.

mod common;

use std::io::Write as _;
use std::process::Stdio;

use common::{NOOP, Scene, TINY, ended};

#[test]
fn json_tells_sizes_counts_and_costs() {
    let scene = Scene::new();
    scene.file("tiny.toml", TINY);
    let preview = scene.run("preview tiny.toml --json").json();
    for (key, expected) in [("n_cells", 2), ("n_replicates", 2), ("n_runs", 4), ("n_jobs", 4), ("n_excluded", 0)] {
        assert_eq!(preview[key], expected, "{key}: {preview}");
    }
    assert_eq!(preview["name"], "tiny");
    assert_eq!(preview["axes"][0]["key"], "train.learning_rate");
    assert_eq!(preview["axes"][0]["values"], serde_json::json!([0.05, 0.2]));
    // ⌈1442 / 64⌉ = 23 steps an epoch; 64·8 + 8 + 8·10 + 10 numbers.
    assert_eq!(preview["snapshot_steps"], serde_json::json!([0, 23, 46, 69]));
    assert_eq!(preview["n_steps"], serde_json::json!({ "low": 69, "high": 69 }));
    assert_eq!(preview["n_parameters"], serde_json::json!({ "low": 610, "high": 610 }));
    assert_eq!(preview["snapshot_bytes_per_run"]["high"], 4.0 * 4.0 * 610.0);
    assert!(preview["core_seconds"].as_f64().is_some_and(|seconds| seconds > 0.0 && seconds < 10.0), "{preview}");
}

#[test]
fn people_see_the_same_on_plain_lines() {
    let scene = Scene::new();
    scene.file("tiny.toml", TINY);
    let text = scene.run("preview tiny.toml").done().to_owned();
    for words in ["tiny", "1,442 training", "train.learning_rate × 2: 0.05 0.2", "seed × 2: 0 1", "610", "rough"] {
        assert!(text.contains(words), "`{words}` is missing in: {text}");
    }
    assert!(!text.contains('\u{1b}'), "a pipe gets no colours: {text:?}");
}

#[test]
fn the_cost_of_what_is_asked_for_is_told_before_anything_runs() {
    let scene = Scene::new();
    let text = "name = \"a\"\n[train]\nepochs = 10\n[probes.hessian]\ntop = 3\niterations = 20\n[probes.surface]\n[probes.dimension]\n\
                [probes.interpolation]\nsegments = [\"start-end\", \"consecutive\"]\npoints = 8\n\
                [fork]\nbranches = 2\nepoch = 1\n[replicates]\nseed = 3\n\
                [[compare]]\npairs_over = \"branch\"\nalign = [\"none\", \"weights\"]\n\
                [[compare]]\nall_over = \"seed\"\nprobe = \"prediction\"\n";
    scene.file("a.toml", text);
    let preview = scene.run("preview a.toml --json").json();
    for (key, expected) in [("n_runs", 6), ("n_comparisons", 3 + 2), ("n_jobs", 11), ("n_replicates", 6)] {
        assert_eq!(preview[key], expected, "{key}: {preview}");
    }
    // Snapshots at epochs 0, 5 and 10 of ⌈1442 / 128⌉ = 12 steps.
    let probes = preview["probes"].as_array().expect("a list");
    let of =
        |name: &str| probes.iter().find(|probe| probe["probe"] == name).unwrap_or_else(|| panic!("{name}: {preview}"));
    let d = preview["n_parameters"]["low"].as_f64().expect("a number");
    assert_eq!((&of("hessian")["n_snapshots"], &of("hessian")["memory_bytes"]), (&3.into(), &(20.0 * d * 4.0).into()));
    assert_eq!(of("hessian")["products"], 3.0 * (20.0 + 12.0));
    assert_eq!((&of("interpolation")["passes"], &of("surface")["passes"]), (&30.0.into(), &441.0.into()));
    assert_eq!(probes.len(), 3, "dimension takes no pass over any data");
    // The start, the fork and the end of each run.
    assert_eq!(preview["members_bytes"], 6.0 * 3.0 * d * 4.0);
    let text = scene.run("preview a.toml").done().to_owned();
    for words in [
        "6 runs and 5 comparisons",
        "hessian: 3 snapshots, 96 Hessian-vector products",
        "pairs over branch",
        "branch × 2: 0 1",
    ] {
        assert!(text.contains(words), "`{words}` is missing in: {text}");
    }
    scene.file(
        "late.toml",
        "name = \"a\"\n[train]\nepochs = 2\n[axes]\n\"fork.step\" = [5, 24]\n[fork]\nbranches = 2\n",
    );
    scene.run("preview late.toml").refused(2, &["fork.step is step 24", "ends after step 24", "fork earlier"]);
}

#[test]
fn networks_are_told_layer_by_layer() {
    let scene = Scene::new();
    let lenet = "name = \"a\"\n[data]\nname = \"mnist\"\ndir = \"x\"\n[model]\nkind = \"cnn\"\npreset = \"lenet5\"\n";
    scene.file("a.toml", lenet);
    let text = scene.run("preview a.toml").done().to_owned();
    for words in ["of every run", "conv 5×5 pad 2, relu", "6 × 28 × 28", "pool average 2×2", "61,706"] {
        assert!(text.contains(words), "`{words}` is missing in: {text}");
    }
    let axis = "[axes]\n\"model.hidden\" = [[4], [8], [8, 8]]\n\"train.learning_rate\" = [0.1, 0.2]\n";
    scene.file("b.toml", &format!("name = \"b\"\n[model]\nnorm = \"layer\"\n{axis}"));
    assert!(scene.run("preview b.toml").done().contains("the first of 3"));
    let preview = scene.run("preview b.toml --json").json();
    assert_eq!((&preview["n_networks"], preview["networks"].as_array().map(Vec::len)), (&3.into(), Some(3)));
    assert_eq!(preview["networks"][0]["layers"][0]["layer"], "dense, layer norm, relu");
    assert_eq!(preview["networks"][0]["layers"][0]["output"], serde_json::json!([4, 1, 1]));
    scene.file("noop.toml", NOOP);
    assert_eq!(scene.run("preview noop.toml --json").json()["n_networks"], 0);
}

#[test]
fn what_does_not_fit_names_the_layer_and_both_shapes() {
    let scene = Scene::new();
    let refused = |model: &str, words: &[&str]| {
        scene.file("a.toml", &format!("name = \"a\"\n{model}"));
        scene.run("preview a.toml").refused(2, words);
    };
    let layers = "[model]\nkind = \"cnn\"\nlayers = [\"conv 4 3x3\", \"pool max 3\", \"conv 16 5x5\"]";
    refused(layers, &["model.layers[2] \"conv 16 5x5\"", "2×2 input (4 × 2 × 2)", "padding or a smaller kernel"]);
    refused("[model]\nkind = \"cnn\"\npreset = \"lenet5\"", &["layer 2 of model.preset", "6 × 4 × 4"]);
    refused("[model]\n[axes]\n\"model.kind\" = [\"mlp\", \"cnn\"]", &["model.kind", "needs its layers", "a.toml:4"]);
    let own = "[data]\nname = \"csv\"\ndir = \"d\"\n[train]\naugment = [\"flip\"]";
    refused(own, &["csv has no images"]);
}

#[test]
fn stdin_is_a_sweep_file_in_any_format() {
    let json = r#"{"spec": 1, "name": "tiny", "replicates": {"seed": 3}}"#;
    let yaml = "spec: 1\nname: tiny\nreplicates:\n  seed: 3\n";
    let toml = "spec = 1\nname = \"tiny\"\n[replicates]\nseed = 3\n";
    for text in [json, yaml, toml] {
        let scene = Scene::new();
        let mut child = scene
            .command()
            .args(["preview", "-", "--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        child.stdin.take().expect("stdin is piped").write_all(text.as_bytes()).expect("stdin is read");
        let preview = ended(child.wait_with_output().expect("it ends")).json();
        assert_eq!(preview["n_runs"], 3, "{text}");
        assert_eq!(preview["file"], "<stdin>");
    }
}

#[test]
fn exclusions_and_sizes_are_counted_over_the_whole_grid() {
    let scene = Scene::new();
    scene.file(
        "grid.toml",
        "spec = 1\nname = \"grid\"\n[train]\nepochs = 1\n[axes]\n\"model.hidden\" = [[4], [8, 8]]\n\"train.batch_size\" = [32, 1442]\n\
         \"train.learning_rate\" = [0.1, 0.2, 0.3]\n[grid]\nexclude = [{ \"model.hidden\" = [4], \"train.learning_rate\" = 0.3 }]\n\
         [replicates]\nseed = 5\n",
    );
    let preview = scene.run("preview grid.toml --json").json();
    assert_eq!((&preview["n_excluded"], &preview["n_runs"]), (&10.into(), &50.into()), "{preview}");
    assert_eq!(preview["n_parameters"], serde_json::json!({ "low": 310, "high": 682 }));
    assert_eq!(preview["n_steps"], serde_json::json!({ "low": 1, "high": 46 }));
}

#[test]
fn ten_million_runs_are_as_quick_as_ten() {
    let scene = Scene::new();
    let seeds = NOOP.replace("seed = 200", "seed = 100000\ninit_seed = 100");
    scene.file("many.toml", &seeds);
    let rates = TINY.replace("[0.05, 0.2]", "{ linear = [0.01, 0.3], n = 1000 }").replace("seed = 2", "seed = 10000");
    scene.file("grid.toml", &rates);
    for file in ["many.toml", "grid.toml"] {
        let preview = scene.run(&format!("preview {file} --json")).json();
        assert_eq!(preview["n_runs"], 10_000_000, "{file}");
    }
}
