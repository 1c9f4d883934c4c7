//! Losses and exact derivatives of every layer beside PyTorch's in float64; `fixtures/make.py` made the tables.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod fixture;

use fixture::cases;

#[test]
fn shapes_are_the_oracles() {
    for case in cases() {
        let network = case.network();
        assert_eq!(network.n_parameters, case.floats("theta").len(), "{}: parameters", case.name);
        assert_eq!(network.n_buffers, case.buffers().len(), "{}: buffers", case.name);
    }
}
