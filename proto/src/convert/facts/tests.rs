use proptest::prelude::*;
use traipse_sweep::{FailureClass, Outcome, RequestId};

use super::*;

fn text() -> impl Strategy<Value = Arc<str>> {
    ".{0,9}".prop_map(Arc::from)
}

fn fact() -> impl Strategy<Value = Fact> {
    let sweep = || any::<u128>().prop_map(SweepId);
    let job = || any::<u64>().prop_map(JobNumber);
    let generation = || any::<u32>().prop_map(Generation);
    let lease = || any::<u64>().prop_map(LeaseId);
    let classes = [FailureClass::Transient, FailureClass::Poison, FailureClass::Invalid, FailureClass::Lost];
    let controls = [Control::Cancel, Control::Pause, Control::Resume];
    prop_oneof![
        any::<u32>().prop_map(|n| Fact::IncarnationStarted { incarnation: Incarnation(n) }),
        (sweep(), text()).prop_map(|(sweep, spec)| Fact::SweepAdmitted { sweep, spec }),
        (sweep(), text()).prop_map(|(sweep, numerics)| Fact::NumericsPinned { sweep, numerics }),
        (sweep(), prop::sample::select(controls.to_vec()))
            .prop_map(|(sweep, control)| Fact::SweepControlled { sweep, control }),
        (sweep(), job(), generation(), lease(), any::<u128>(), any::<u32>()).prop_map(
            |(sweep, job, generation, lease, worker, attempt)| {
                Fact::Granted { sweep, job, generation, lease, worker: WorkerId(worker), attempt }
            }
        ),
        (sweep(), job(), generation(), lease()).prop_map(|(sweep, job, generation, lease)| Fact::LeaseReturned {
            sweep,
            job,
            generation,
            lease
        }),
        (sweep(), job(), generation(), lease(), prop::sample::select(classes.to_vec()), any::<bool>(), text())
            .prop_map(|(sweep, job, generation, lease, class, counts, message)| {
                Fact::AttemptFailed { sweep, job, generation, lease, class, counts, message }
            }),
        (sweep(), prop::sample::select(vec![Hold::Pause, Hold::Stop]), text())
            .prop_map(|(sweep, hold, message)| Fact::SweepHeld { sweep, hold, message }),
        (
            sweep(),
            job(),
            generation(),
            prop::option::of(lease()),
            prop::sample::select(Outcome::ALL.to_vec()),
            prop::option::of(text())
        )
            .prop_map(|(sweep, job, generation, lease, outcome, message)| {
                Fact::JobEnded { sweep, job, generation, lease, outcome, message }
            }),
        (sweep(), any::<u128>(), text())
            .prop_map(|(sweep, request, spec)| { Fact::SweepExtended { sweep, request: RequestId(request), spec } }),
        (sweep(), any::<u128>(), prop::collection::btree_set(0..1000_u64, 0..9)).prop_map(|(sweep, request, ends)| {
            let ends: Vec<u64> = ends.into_iter().collect();
            let jobs = ends.chunks_exact(2).map(|pair| pair[0]..pair[1]).collect();
            Fact::JobsRetried { sweep, request: RequestId(request), jobs }
        }),
    ]
}

#[test]
fn ranges_of_jobs_ascend_and_hold_something() {
    let range = |first_job, n_jobs| v1::JobRange { first_job, n_jobs };
    let rows = [
        (vec![], true),
        (vec![range(3, 2), range(5, 1)], true),
        (vec![range(3, 0)], false),
        (vec![range(3, 2), range(4, 1)], false),
        (vec![range(u64::MAX, 2)], false),
    ];
    for (ranges, good) in rows {
        assert_eq!(job_ranges(&ranges).is_ok(), good, "{ranges:?}");
    }
}

proptest! {
    #[test]
    fn facts_come_back(facts in prop::collection::vec(fact(), 0..20)) {
        prop_assert_eq!(decode(&encode(&facts)).unwrap(), facts);
    }

    #[test]
    fn any_bytes_are_facts_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes);
    }
}

#[test]
fn failures_of_before_the_field_count_but_for_lost_ones() {
    let old = |class: v1::FailureClass| {
        let failed = v1::AttemptFailed { sweep: vec![1; 16], class: class as i32, ..Default::default() };
        let facts = vec![v1::FactRecord { fact: Some(Wire::AttemptFailed(failed)) }];
        decode(&v1::FactBatch { version: VERSION, facts }.encode_to_vec()).unwrap().remove(0)
    };
    for (class, expected) in
        [(v1::FailureClass::Transient, true), (v1::FailureClass::Poison, true), (v1::FailureClass::Lost, false)]
    {
        assert!(matches!(old(class), Fact::AttemptFailed { counts, .. } if counts == expected), "{class:?}");
    }
}

#[test]
fn errors_name_the_fact_and_the_field() {
    let granted = v1::Granted { sweep: vec![1; 16], worker: vec![0; 3], ..Default::default() };
    let record = v1::FactRecord { fact: Some(Wire::Granted(granted)) };
    let batch = v1::FactBatch { version: VERSION, facts: vec![v1::FactRecord { fact: None }, record] };
    let swapped = v1::FactBatch { facts: batch.facts.iter().rev().cloned().collect(), ..batch.clone() };
    let rows = [
        (batch.encode_to_vec(), "facts[0].fact: is missing"),
        (swapped.encode_to_vec(), "facts[0].granted.worker: has 3 bytes where 16 are expected"),
        (
            v1::FactBatch { version: 2, facts: Vec::new() }.encode_to_vec(),
            "facts: is of version 2, and this build reads version 1",
        ),
    ];
    for (bytes, error) in rows {
        assert_eq!(decode(&bytes).unwrap_err().to_string(), error);
    }
}
