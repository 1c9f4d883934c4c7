//! `traipse data`: what there is, and what is done where there is no network.

mod common;

use std::fs;
use std::net::TcpListener;

use common::Scene;

#[test]
fn every_data_set_is_listed_with_its_sizes_and_place() {
    let scene = Scene::new();
    let list = scene.run("data list");
    let text = list.done();
    for word in ["digits", "mnist", "fashion-mnist", "cifar10", "cifar100", "npz", "csv", "blobs", "spirals", "teacher"]
    {
        assert!(text.contains(&format!("  {word} ")), "{word}: {text}");
    }
    for word in ["3 × 32 × 32", "60,000", "11.6 MB", "always", "no ", "CC BY 4.0"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    scene.file("mine/csv/train.csv", "1,0\n");
    scene.file("mine/csv/test.csv", "1,0\n");
    scene.file("mine/a.npz", "");
    let json = scene.run("data list --dir mine --json").json();
    let sets = json["data_sets"].as_array().expect("a list");
    let found = |name: &str| &sets.iter().find(|set| set["name"] == name).expect("it is listed")["found_in"];
    assert_eq!((found("csv").as_str(), found("npz").as_str()), (Some("mine/csv"), Some("mine")));
    assert!(found("mnist").is_null() && found("digits").is_null());
    let cifar = sets.iter().find(|set| set["name"] == "cifar10").expect("it is listed");
    assert_eq!(cifar["files"][0]["sha256"].as_str().map(str::len), Some(64));
}

#[test]
fn without_a_network_it_says_what_to_put_where() {
    let scene = Scene::new();
    // Bound and closed again: nobody listens there.
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    let mirror = format!("http://{}/", listener.local_addr().expect("it is bound"));
    drop(listener);
    let fetch = scene.run(&format!("data fetch mnist --dir here --from {mirror}"));
    fetch.refused(
        3,
        &[
            "cannot fetch",
            "train-images-idx3-ubyte.gz",
            "t10k-labels-idx1-ubyte.gz",
            &mirror,
            "into here by hand",
            "9912422 bytes",
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "sha256sum",
        ],
    );
    assert_eq!(
        fs::read_dir(scene.path().join("here")).expect("the folder was made").count(),
        0,
        "nothing half-written"
    );
}

#[test]
fn what_needs_no_fetching_is_not_fetched() {
    let scene = Scene::new();
    assert!(scene.run("data fetch digits").done().contains("embedded"));
    assert!(scene.run("data fetch blobs").done().contains("data.seed"));
    scene.run("data fetch npz").refused(2, &["your own files"]);
    scene.run("data fetch minst").refused(2, &["minst", "mnist"]);
    for name in
        ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]
    {
        scene.file(&format!("data/mnist/{name}"), "plain");
    }
    assert!(scene.run("data fetch mnist").done().contains("under other names"));
    scene.file("data/mnist/train-images-idx3-ubyte.gz", "packed anew");
    scene.run("data fetch mnist").refused(3, &["train-images-idx3-ubyte.gz has SHA-256", "left as it is"]);
}

#[test]
fn previews_know_every_set_and_refuse_what_does_not_fit() {
    let scene = Scene::new();
    let preview = |data: &str, more: &str| {
        scene.file("a.toml", &format!("name = \"a\"\n[data]\n{data}\n{more}"));
        scene.run("preview a.toml")
    };
    assert!(preview("name = \"cifar10\"\ndir = \"x\"", "").done().contains("50,000 training and 10,000 test"));
    let blobs = preview("name = \"blobs\"\nexamples = 500\nfeatures = 7\nclasses = 4", "");
    assert!(blobs.done().contains("500 training and 500 test examples of 7 numbers, 4 classes"), "{}", blobs.stdout);
    preview("name = \"regression\"", "").refused(2, &["cross-entropy", "regression have targets", "mse"]);
    scene.file("tables/train.csv", "1,2,0\n3,4,1\n5,6,2\n");
    scene.file("tables/test.csv", "1,2,0\n");
    let more = "[train]\nbatch_size = 2";
    let own = preview("name = \"csv\"\ndir = \"tables\"", more);
    assert!(own.done().contains("3 training and 1 test examples of 2 numbers, 3 classes"), "{}", own.stdout);
    let unread = preview("name = \"npz\"\ndir = \"tables\"", more);
    unread.done();
    assert!(unread.stderr.contains("guesses") && unread.stderr.contains(".npz"), "{}", unread.stderr);
}
