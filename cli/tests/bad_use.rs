//! Wrong use and a wrong environment: tokens, addresses, folders, data.

mod common;

use std::fs;
use std::net::TcpListener;

use common::{Scene, TINY, ended};

#[test]
fn no_token_says_where_the_token_is() {
    let scene = Scene::new();
    for verb in ["status", "watch tiny", "cancel tiny", "collect tiny", "worker"] {
        scene.run(verb).refused(2, &["no token", ".local/share/traipse/token", "--token-file", "TRAIPSE_TOKEN"]);
    }
    let elsewhere = scene.run("status --coordinator http://cluster:7878");
    elsewhere.refused(2, &["http://cluster:7878", "--token-file"]);
    assert!(!elsewhere.stderr.contains(".local/share"), "another machine's token is not here: {}", elsewhere.stderr);
}

#[test]
fn a_token_file_must_be_one() {
    let scene = Scene::new();
    scene.run("status --token-file nowhere").refused(3, &["nowhere"]);
    scene.file("empty", "\n");
    scene.run("status --token-file empty").refused(2, &["empty"]);
}

#[test]
fn an_unreachable_coordinator_is_the_environments_fault() {
    let scene = Scene::new();
    // A port that nobody listens at: it was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
    scene.file("token", "0123456789abcdef");
    let flags = format!("--coordinator http://127.0.0.1:{port} --token-file token");
    for verb in ["status", "watch tiny", "cancel tiny", "collect tiny"] {
        scene.run(&format!("{verb} {flags}")).refused(3, &["no coordinator answers", "traipse coordinator"]);
    }
    scene.file("tiny.toml", TINY);
    scene.run(&format!("submit tiny.toml {flags}")).refused(3, &["no coordinator answers"]);
    scene.run("status --token-file token --coordinator nonsense").refused(2, &["nonsense", "http://HOST:PORT"]);
}

#[test]
fn a_coordinator_is_not_offered_to_other_machines() {
    let scene = Scene::new();
    scene.run("coordinator --listen 0.0.0.0:7878").refused(2, &["0.0.0.0:7878", "encrypt", "ssh -L"]);
    scene.run("coordinator --listen nonsense").refused(2, &["--listen"]);
}

#[test]
fn labels_are_keys_and_values() {
    let scene = Scene::new();
    scene.run("worker --labels rack").refused(2, &["rack", "KEY=VALUE"]);
    let twice = scene.command().args(["worker", "--labels", "a=1,a=2"]).env("TRAIPSE_TOKEN", "t").output();
    ended(twice.expect("the binary runs")).refused(2, &["given twice"]);
}

#[test]
fn memory_is_a_size() {
    let scene = Scene::new();
    scene.file("tiny.toml", TINY);
    for size in ["8", "eight", "8GX", "-1GB"] {
        for verb in ["worker", "local tiny.toml"] {
            scene.run(&format!("{verb} --memory={size}")).refused(2, &[size, "--memory", "8GiB", "auto"]);
        }
    }
}

#[test]
fn an_output_folder_must_be_writable_and_its_own() {
    let scene = Scene::new();
    scene.file("tiny.toml", TINY);
    scene.file("occupied", "a file, not a folder");
    scene.run("local tiny.toml --out occupied/out").refused(3, &["occupied/out", "--out"]);
    scene.run("local tiny.toml --out /proc/traipse").refused(3, &["/proc/traipse", "--out"]);
    scene.file("garbled/.traipse/sweep.json", "{");
    scene.run("local tiny.toml --out garbled").refused(3, &["garbled/.traipse/sweep.json", "--out"]);
}

#[test]
fn mnist_files_that_are_missing_or_damaged_are_named() {
    let scene = Scene::new();
    let spec = TINY.replace("name = \"digits\"", "name = \"mnist\"\ndir = \"data\"");
    scene.file("mnist.toml", &spec);
    scene.run("local mnist.toml").refused(3, &["the folder data", "data.dir", "MNIST"]);
    fs::create_dir(scene.path().join("data")).expect("folders can be made");
    scene.run("local mnist.toml").refused(3, &["data (data.dir) has no train-images"]);
    let names =
        ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];
    for name in names {
        scene.file(&format!("data/{name}"), "no images");
    }
    scene.run("local mnist.toml").refused(3, &["train-images-idx3-ubyte"]);
    assert!(!scene.path().join("traipse-out").exists(), "nothing is left behind");
}
