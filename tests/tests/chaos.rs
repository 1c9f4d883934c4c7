//! A short spell of chaos; the `chaos` program makes longer ones.

use std::time::Duration;

use traipse_tests::chaos::{Options, run};

/// A failure prints it. The order of faults is the same each time, their moments are not.
const SEED: u64 = 20;

#[test]
fn tables_survive_kills_pauses_and_a_faulty_network() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = Options {
        seed: SEED,
        time: Duration::from_secs(20),
        longest: Duration::from_secs(150),
        excused: &[],
        folder: folder.path().to_owned(),
    };
    if let Err(error) = run(&options) {
        panic!("seed {SEED}, everything is in {}\n{error:#}", folder.keep().display());
    }
}
