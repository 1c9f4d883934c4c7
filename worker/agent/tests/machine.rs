//! The agent, one rule at a time.

use std::sync::Arc;
use std::time::Duration;

use traipse_agent::{
    Action, Agent, Call, CallFailure, Config, Event, Exit, Finished, JobEnd, Lease, Outcome, Register, Report,
};
use traipse_sweep::{Generation, JobNumber, LeaseId, SweepId};

type Actions = Vec<Action<&'static str>>;

const RETRY: CallFailure = CallFailure::Retry { after: None };

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn lease(id: u64) -> Lease {
    let token = Arc::from(&[id as u8][..]);
    let (job, generation) = (JobNumber(id), Generation(0));
    Lease { sweep: SweepId(1), job, generation, lease: LeaseId(id), token, attempt: 1, time_limit: None }
}

fn done(id: u64, n_bytes: usize) -> Finished<&'static str> {
    Finished { lease: LeaseId(id), end: JobEnd::Result { payload: "rows", n_bytes, cost: ms(1) } }
}

fn registering(actions: &Actions) -> &Register {
    let found = actions.iter().find_map(|action| match action {
        Action::Register(register) => Some(register),
        _ => None,
    });
    found.expect("a register")
}

fn reporting(actions: &Actions) -> (Call, Arc<Report<&'static str>>, Duration) {
    let found = actions.iter().find_map(|action| match action {
        Action::Report { call, report, wait } => Some((*call, report.clone(), *wait)),
        _ => None,
    });
    found.expect("a report")
}

fn exit(actions: &Actions) -> Option<&Exit> {
    actions.iter().find_map(|action| match action {
        Action::Exit(exit) => Some(exit),
        _ => None,
    })
}

/// An agent with a session and its first report under way.
fn registered(config: Config) -> (Agent<&'static str>, Call) {
    let mut agent = Agent::new(config);
    let call = registering(&agent.on(ms(0), Event::Started)).call;
    let actions = agent.on(ms(1), Event::Registered { call, heartbeat: ms(3000), ended: vec![] });
    (agent, reporting(&actions).0)
}

/// An agent with the leases 1..=n; whether its next report is under way depends on its slots.
fn with_leases(config: Config, n: u64) -> (Agent<&'static str>, Actions) {
    let (mut agent, call) = registered(config);
    let leases = (1..=n).map(lease).collect();
    agent.on(ms(2), Event::Reported { call, leases, stop: vec![] });
    let actions = agent.on(ms(3), Event::SpecReady(SweepId(1)));
    (agent, actions)
}

#[test]
fn the_first_report_asks_for_as_many_jobs_as_there_are_slots() {
    let mut agent: Agent<&str> = Agent::new(Config::new(3, 0));
    assert_eq!(agent.next_deadline(), None);
    let call = registering(&agent.on(ms(0), Event::Started)).call;
    assert!(!agent.registered_once());
    let actions = agent.on(ms(1), Event::Registered { call, heartbeat: ms(3000), ended: vec![] });
    let (_, report, wait) = reporting(&actions);
    assert_eq!((report.seq, report.n_free, report.n_queued, report.draining), (1, 3, 0, false));
    assert_eq!(wait, Config::new(3, 0).wait_idle);
    assert!(agent.registered_once());
}

#[test]
fn leases_wait_for_their_spec_and_start_in_order() {
    let (mut agent, call) = registered(Config::new(2, 0));
    let actions = agent.on(ms(2), Event::Reported { call, leases: vec![lease(1), lease(2), lease(3)], stop: vec![] });
    assert!(matches!(actions[..], [Action::FetchSpec(SweepId(1))]), "{actions:?}");
    agent.on(ms(3), Event::SpecFailed(SweepId(1)));
    let at = agent.next_deadline().unwrap();
    let actions = agent.on(at, Event::Tick);
    assert!(matches!(actions[..], [Action::FetchSpec(SweepId(1))]), "{actions:?}");
    let actions = agent.on(at, Event::SpecReady(SweepId(1)));
    let [Action::Start(started)] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!(started.iter().map(|lease| lease.job.0).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn a_lost_answer_repeats_the_report_unchanged() {
    let (mut agent, _) = with_leases(Config::new(1, 0), 2);
    let (call, first, wait) = reporting(&agent.on(ms(10), Event::Finished(vec![done(1, 5)])));
    assert_eq!((first.seq, first.outcomes.len(), wait), (2, 1, Duration::ZERO));
    assert!(agent.on(ms(11), Event::Finished(vec![done(2, 5)])).is_empty(), "one report call at a time");
    let actions = agent.on(ms(12), Event::Failed { call, failure: RETRY });
    assert!(matches!(actions[..], [Action::Keep(_)]), "only the spool has to do: {actions:?}");
    let at = agent.next_deadline().unwrap();
    let (call, second, _) = reporting(&agent.on(at, Event::Tick));
    assert!(Arc::ptr_eq(&first, &second));
    let (_, third, _) = reporting(&agent.on(at + ms(1), Event::Reported { call, leases: vec![], stop: vec![] }));
    assert_eq!((third.seq, third.outcomes[0].lease.lease), (3, LeaseId(2)));
}

#[test]
fn a_push_back_is_waited_out() {
    let (mut agent, call) = registered(Config::new(1, 0));
    let failure = CallFailure::Retry { after: Some(ms(1500)) };
    agent.on(ms(10), Event::Failed { call, failure });
    assert_eq!(agent.next_deadline(), Some(ms(1510)));
}

#[test]
fn an_end_cuts_a_waiting_report_short() {
    let (mut agent, call) = registered(Config::new(2, 0));
    let at = ms(2);
    let (_, waiting, wait) = reporting(&agent.on(at, Event::Reported { call, leases: vec![lease(1)], stop: vec![] }));
    assert_eq!((waiting.n_free, wait), (1, Config::new(2, 0).wait_busy));
    agent.on(at, Event::SpecReady(SweepId(1)));
    let (call, repeated, wait) = reporting(&agent.on(at + ms(5), Event::Finished(vec![done(1, 5)])));
    assert!(Arc::ptr_eq(&waiting, &repeated));
    assert!(wait.is_zero());
    let actions = agent.on(at + ms(6), Event::Reported { call, leases: vec![], stop: vec![] });
    let (call, report, _) = reporting(&actions);
    assert_eq!((report.seq, report.outcomes.len()), (waiting.seq + 1, 1));
    assert!(agent.on(at + ms(7), Event::Reported { call, leases: vec![], stop: vec![] }).is_empty());
    let rested = at + ms(5) + Config::new(2, 0).pause;
    assert_eq!(agent.next_deadline(), Some(rested), "an answer that brings nothing is not asked for at once again");
    assert!(reporting(&agent.on(rested, Event::Tick)).1.is_hollow());
}

#[test]
fn a_lost_session_is_opened_again_with_all_that_is_held() {
    let (mut agent, _) = with_leases(Config::new(1, 0), 3);
    let (call, _, _) = reporting(&agent.on(ms(10), Event::Finished(vec![done(1, 5)])));
    agent.on(ms(11), Event::Finished(vec![done(2, 5)]));
    agent.on(ms(12), Event::Failed { call, failure: CallFailure::SessionLost });
    let at = agent.next_deadline().unwrap();
    let register = registering(&agent.on(at, Event::Tick)).clone();
    let mut held: Vec<_> = register.held.iter().map(|(lease, token)| (lease.0, token[0])).collect();
    held.sort_unstable();
    assert_eq!(held, [(1, 1), (2, 2), (3, 3)]);
    let late = agent.on(at, Event::Reported { call, leases: vec![lease(9)], stop: vec![] });
    assert!(late.is_empty(), "an answer of the old session is nobody's: {late:?}");
    let ended = vec![LeaseId(2), LeaseId(3)];
    let actions = agent.on(at + ms(1), Event::Registered { call: register.call, heartbeat: ms(3000), ended });
    assert!(actions.iter().any(|action| matches!(action, Action::Stop(LeaseId(3)))));
    let (_, report, _) = reporting(&actions);
    assert_eq!((report.seq, report.outcomes.len()), (1, 1), "the finished lease that was ended is dropped");
    assert_eq!(report.outcomes[0].lease.lease, LeaseId(1));
}

#[test]
fn a_stopped_lease_is_dropped_whatever_it_ends_with() {
    let (mut agent, _) = with_leases(Config::new(1, 0), 1);
    let beat = agent.on(ms(3001), Event::Tick);
    let [Action::Beat { call, leases }] = &beat[..] else { panic!("{beat:?}") };
    assert_eq!(leases[..], [LeaseId(1)]);
    let actions = agent.on(ms(3002), Event::BeatAnswered { call: *call, stop: vec![LeaseId(1)] });
    assert!(matches!(actions[..], [Action::Stop(LeaseId(1))]), "{actions:?}");
    let (_, report, _) = reporting(&agent.on(ms(3003), Event::Finished(vec![done(1, 5)])));
    assert_eq!((report.outcomes.len(), report.returned.len(), report.n_free), (0, 0, 1));
}

#[test]
fn reports_are_cut_by_bytes_and_by_count() {
    let rows: [(&[usize], usize); 4] =
        [(&[600, 600, 600], 1), (&[5000, 1], 1), (&[10, 10, 10, 10, 10], 4), (&[500, 500, 1], 2)];
    for (sizes, expected) in rows {
        let config = Config { report_bytes: 1000, report_outcomes: 4, ..Config::new(1, 0) };
        let (mut agent, _) = with_leases(config, sizes.len() as u64);
        let finished = sizes.iter().zip(1..).map(|(n_bytes, id)| done(id, *n_bytes)).collect();
        let (_, report, _) = reporting(&agent.on(ms(10), Event::Finished(finished)));
        assert_eq!(report.outcomes.len(), expected, "{sizes:?}");
    }
}

#[test]
fn a_full_spool_asks_for_nothing() {
    let config = Config { spool_bytes: 100, ..Config::new(1, 0) };
    let (mut agent, _) = with_leases(config, 1);
    let (call, report, _) = reporting(&agent.on(ms(10), Event::Finished(vec![done(1, 101)])));
    assert_eq!((report.n_free, report.n_queued > 1024), (0, true));
    let actions = agent.on(ms(11), Event::Reported { call, leases: vec![], stop: vec![] });
    assert_eq!(reporting(&actions).1.n_free, 1, "what is answered takes no space");
}

#[test]
fn leases_above_the_bound_go_back() {
    let config = Config { held_max: 2, ..Config::new(1, 0) };
    let (mut agent, call) = registered(config);
    let actions = agent.on(ms(2), Event::Reported { call, leases: (1..=4).map(lease).collect(), stop: vec![] });
    assert_eq!(reporting(&actions).1.returned, [lease(3), lease(4)]);
}

#[test]
fn a_drain_hands_back_what_waits_and_finishes_what_runs() {
    let (mut agent, _) = with_leases(Config::new(1, 0), 3);
    let actions = agent.on(ms(10), Event::Drain);
    assert!(actions.iter().any(|action| matches!(action, Action::Recall)));
    let (call, report, _) = reporting(&actions);
    assert!(report.draining);
    agent.on(ms(11), Event::Unstarted(vec![LeaseId(2), LeaseId(3)]));
    let (call, report, _) =
        reporting(&agent.on(ms(12), Event::Reported { call, leases: vec![lease(4)], stop: vec![] }));
    assert_eq!(report.returned, [lease(2), lease(3), lease(4)]);
    assert!(agent.on(ms(13), Event::Reported { call, leases: vec![], stop: vec![] }).is_empty());
    let (call, report, _) = reporting(&agent.on(ms(500), Event::Finished(vec![done(1, 5)])));
    assert_eq!(report.outcomes.len(), 1);
    let actions = agent.on(ms(501), Event::Reported { call, leases: vec![], stop: vec![] });
    assert_eq!(exit(&actions), Some(&Exit::Drained));
    assert!(agent.on(ms(502), Event::Tick).is_empty());
    assert_eq!(agent.next_deadline(), None);
}

#[test]
fn what_was_to_be_handed_back_survives_the_session() {
    let (mut agent, _) = with_leases(Config::new(1, 0), 3);
    let (call, _, _) = reporting(&agent.on(ms(10), Event::Drain));
    agent.on(ms(11), Event::Unstarted(vec![LeaseId(2), LeaseId(3)]));
    agent.on(ms(12), Event::Failed { call, failure: CallFailure::SessionLost });
    let at = agent.next_deadline().unwrap();
    let register = registering(&agent.on(at, Event::Tick)).clone();
    assert_eq!(register.held.len(), 3, "a lease that is not listed would count as lost");
    let ended = vec![LeaseId(3)];
    let actions = agent.on(at, Event::Registered { call: register.call, heartbeat: ms(3000), ended });
    assert_eq!(reporting(&actions).1.returned, [lease(2)]);
}

#[test]
fn after_the_grace_what_runs_is_stopped_and_handed_back() {
    let config = Config::new(1, 0);
    let (grace_ends, last_words) = (ms(10) + config.grace, config.last_words);
    for stops in [true, false] {
        let (mut agent, _) = with_leases(Config::new(1, 0), 1);
        let (call, _, _) = reporting(&agent.on(ms(10), Event::Drain));
        agent.on(ms(11), Event::Reported { call, leases: vec![], stop: vec![] });
        let actions = agent.on(grace_ends, Event::Tick);
        assert!(actions.iter().any(|action| matches!(action, Action::Stop(LeaseId(1)))), "{actions:?}");
        if stops {
            let stopped = Finished { lease: LeaseId(1), end: JobEnd::Stopped };
            let (call, report, _) = reporting(&agent.on(grace_ends + ms(1), Event::Finished(vec![stopped])));
            assert_eq!(report.returned, [lease(1)]);
            let actions = agent.on(grace_ends + ms(2), Event::Reported { call, leases: vec![], stop: vec![] });
            assert_eq!(exit(&actions), Some(&Exit::Drained));
        } else {
            let actions = agent.on(grace_ends + last_words, Event::Tick);
            assert_eq!(exit(&actions), Some(&Exit::GraceOver { n_left: 1, n_kept: 0 }));
        }
    }
}

#[test]
fn a_coordinator_that_was_never_reached_is_given_up() {
    let config = Config::new(1, 0);
    let limit = config.first_contact;
    let mut agent: Agent<&str> = Agent::new(config);
    let mut actions = agent.on(ms(0), Event::Started);
    let mut now = ms(0);
    while exit(&actions).is_none() {
        let call = registering(&actions).call;
        actions = agent.on(now, Event::Failed { call, failure: RETRY });
        if exit(&actions).is_none() {
            now = agent.next_deadline().unwrap();
            actions = agent.on(now, Event::Tick);
        }
    }
    assert_eq!(exit(&actions), Some(&Exit::Unreached));
    assert!(now <= limit && now > limit / 2, "{now:?}");
}

#[test]
fn a_coordinator_that_was_reached_is_never_given_up() {
    let (mut agent, call) = registered(Config::new(1, 0));
    agent.on(ms(5), Event::Failed { call, failure: CallFailure::SessionLost });
    for _ in 0..1000 {
        let now = agent.next_deadline().unwrap();
        let call = registering(&agent.on(now, Event::Tick)).call;
        assert!(agent.on(now, Event::Failed { call, failure: RETRY }).is_empty());
    }
    assert!(agent.next_deadline().unwrap() > Config::new(1, 0).first_contact * 10);
}

#[test]
fn a_refusal_is_final() {
    let (mut agent, call) = registered(Config::new(1, 0));
    let failure = CallFailure::Refused("protocol 2".into());
    let actions = agent.on(ms(5), Event::Failed { call, failure });
    assert_eq!(exit(&actions), Some(&Exit::Refused("protocol 2".into())));
}

#[test]
fn specs_that_no_lease_needs_are_forgotten() {
    let config = Config { specs_max: 1, ..Config::new(2, 0) };
    let (mut agent, _) = with_leases(config, 1);
    let (call, _, _) = reporting(&agent.on(ms(10), Event::Finished(vec![done(1, 5)])));
    let other = Lease { sweep: SweepId(2), ..lease(2) };
    let actions = agent.on(ms(11), Event::Reported { call, leases: vec![other], stop: vec![] });
    assert!(matches!(actions[..], [Action::ForgetSpec(SweepId(1)), Action::FetchSpec(SweepId(2)), ..]), "{actions:?}");
}

fn keeping(actions: &Actions) -> Option<Vec<u64>> {
    actions.iter().find_map(|action| match action {
        Action::Keep(outcomes) => Some(outcomes.iter().map(|outcome| outcome.lease.lease.0).collect()),
        _ => None,
    })
}

fn releasing(actions: &Actions) -> Option<Vec<u64>> {
    actions.iter().find_map(|action| match action {
        Action::Release(leases) => Some(leases.iter().map(|lease| lease.0).collect()),
        _ => None,
    })
}

#[test]
fn an_outcome_that_is_answered_in_time_is_not_kept() {
    let (mut agent, _) = with_leases(Config::new(2, 0), 2);
    let (call, _, _) = reporting(&agent.on(ms(10), Event::Finished(vec![done(1, 5)])));
    assert_eq!(agent.next_deadline(), Some(ms(510)));
    let actions = agent.on(ms(20), Event::Reported { call, leases: vec![], stop: vec![] });
    assert_eq!((keeping(&actions), releasing(&actions)), (None, None));
    assert!(agent.next_deadline().unwrap() > ms(510), "nothing is due but a heartbeat");
}

#[test]
fn a_late_answer_sends_what_is_finished_to_the_spool() {
    let (mut agent, _) = with_leases(Config::new(2, 0), 3);
    let (call, _, _) = reporting(&agent.on(ms(10), Event::Finished(vec![done(1, 5)])));
    agent.on(ms(400), Event::Finished(vec![done(2, 5)]));
    assert_eq!(keeping(&agent.on(ms(510), Event::Tick)), Some(vec![1, 2]), "one write for all");
    assert_eq!(keeping(&agent.on(ms(1100), Event::Finished(vec![done(3, 5)]))), None, "one write at a time");
    let actions = agent.on(ms(1200), Event::Reported { call, leases: vec![], stop: vec![] });
    assert_eq!(releasing(&actions), Some(vec![1]), "also before the write is over");
    assert_eq!(keeping(&agent.on(ms(1300), Event::Kept)), None, "the third is not late yet");
    assert_eq!(keeping(&agent.on(ms(1600), Event::Tick)), Some(vec![3]));
}

#[test]
fn a_dear_outcome_and_one_without_a_coordinator_are_kept_at_once() {
    let (mut agent, _) = with_leases(Config::new(2, 0), 3);
    let end = JobEnd::Result { payload: "rows", n_bytes: 5, cost: Config::new(2, 0).keep_cost };
    let actions = agent.on(ms(10), Event::Finished(vec![Finished { lease: LeaseId(1), end }]));
    assert_eq!(keeping(&actions), Some(vec![1]));
    let (call, _, _) = reporting(&actions);
    agent.on(ms(20), Event::Kept);
    assert_eq!(keeping(&agent.on(ms(30), Event::Finished(vec![done(2, 5)]))), None);
    assert_eq!(keeping(&agent.on(ms(40), Event::Failed { call, failure: RETRY })), Some(vec![2]));
}

#[test]
fn a_spool_that_takes_nothing_stops_the_taking_of_jobs_until_it_does() {
    let (mut agent, _) = with_leases(Config::new(2, 0), 2);
    let (call, report, _) = reporting(&agent.on(ms(10), Event::Finished(vec![done(1, 5)])));
    assert_eq!(report.n_free, 1);
    assert_eq!(keeping(&agent.on(ms(20), Event::Failed { call, failure: RETRY })), Some(vec![1]));
    let again = agent.next_deadline().unwrap();
    let (call, _, _) = reporting(&agent.on(again, Event::Tick));
    assert!(agent.on(again, Event::KeepFailed).is_empty());
    let answered = agent.on(again + ms(1), Event::Reported { call, leases: vec![], stop: vec![] });
    assert!(answered.is_empty(), "nothing is asked for: {answered:?}");
    // All is answered; whether there is room is tried without anything to write.
    let tried = loop {
        let at = agent.next_deadline().unwrap();
        if let Some(outcomes) = keeping(&agent.on(at, Event::Tick)) {
            break outcomes;
        }
    };
    assert_eq!(tried, [0; 0]);
    assert!(matches!(agent.on(ms(2999), Event::Kept)[..], [Action::Report { ref report, .. }] if report.n_free == 1));
}

#[test]
fn what_an_earlier_life_left_is_shown_and_reported() {
    let mut agent: Agent<&str> = Agent::new(Config::new(1, 0));
    let left = vec![Outcome { lease: lease(7), payload: "rows", n_bytes: 5 }];
    assert!(agent.on(ms(0), Event::Restored(left)).is_empty());
    let register = registering(&agent.on(ms(0), Event::Started)).clone();
    assert_eq!(register.held, [(LeaseId(7), lease(7).token)]);
    let actions = agent.on(ms(1), Event::Registered { call: register.call, heartbeat: ms(3000), ended: vec![] });
    let (call, report, _) = reporting(&actions);
    assert_eq!((report.outcomes.len(), keeping(&actions)), (1, None));
    assert_eq!(releasing(&agent.on(ms(2), Event::Reported { call, leases: vec![], stop: vec![] })), Some(vec![7]));
}

#[test]
fn what_the_coordinator_does_not_want_of_an_earlier_life_is_dropped() {
    let mut agent: Agent<&str> = Agent::new(Config::new(1, 0));
    agent.on(ms(0), Event::Restored(vec![Outcome { lease: lease(7), payload: "rows", n_bytes: 5 }]));
    let call = registering(&agent.on(ms(0), Event::Started)).call;
    let actions = agent.on(ms(1), Event::Registered { call, heartbeat: ms(3000), ended: vec![LeaseId(7)] });
    assert_eq!(releasing(&actions), Some(vec![7]));
    assert!(reporting(&actions).1.is_hollow());
}

#[test]
fn a_job_that_ignores_its_stop_makes_the_worker_leave() {
    let config = Config::new(2, 0);
    let (mut agent, actions) = with_leases(config.clone(), 2);
    let hung = ms(3) + config.stop_grace;
    let call = match &agent.on(ms(3001), Event::Tick)[..] {
        [Action::Beat { call, .. }] => *call,
        other => panic!("{other:?} after {actions:?}"),
    };
    agent.on(ms(3002), Event::BeatAnswered { call, stop: vec![LeaseId(1)] });
    let mut now = ms(3002);
    let mut actions = vec![];
    while !actions.iter().any(|action| matches!(action, Action::Report { report, .. } if report.draining)) {
        now = agent.next_deadline().expect("a hang is a deadline");
        assert!(now <= hung + ms(3000), "{now:?}");
        actions = agent.on(now, Event::Tick);
        if let Some(Action::Beat { call, .. }) = actions.iter().find(|action| matches!(action, Action::Beat { .. })) {
            agent.on(now, Event::BeatAnswered { call: *call, stop: vec![] });
        }
    }
    let (call, _, _) = reporting(&actions);
    agent.on(now, Event::Reported { call, leases: vec![], stop: vec![] });
    let actions = agent.on(now + ms(5), Event::Finished(vec![done(2, 5)]));
    assert!(exit(&actions).is_none(), "the other's outcome is reported first");
    let (call, _, _) = reporting(&actions);
    let actions = agent.on(now + ms(6), Event::Reported { call, leases: vec![], stop: vec![] });
    assert_eq!(exit(&actions), Some(&Exit::Hung { lease: LeaseId(1), n_left: 0, n_kept: 0 }));
}

/// Asked by the coordinator: what runs has all the time that it needs, unless a signal comes as well.
#[test]
fn who_is_asked_to_leave_finishes_what_runs() {
    let config = Config::new(1, 0);
    let late = ms(10) + config.grace + config.last_words + ms(1000);
    for signal in [false, true] {
        let (mut agent, _) = with_leases(Config::new(1, 0), 2);
        let actions = agent.on(ms(10), Event::Leave);
        assert!(actions.iter().any(|action| matches!(action, Action::Recall)));
        let (call, report, _) = reporting(&actions);
        assert!(report.draining);
        agent.on(ms(11), Event::Reported { call, leases: vec![], stop: vec![] });
        let (call, report, _) = reporting(&agent.on(ms(12), Event::Unstarted(vec![LeaseId(2)])));
        assert_eq!(report.returned, [lease(2)]);
        agent.on(ms(13), Event::Reported { call, leases: vec![], stop: vec![] });
        assert!(agent.on(ms(14), Event::Leave).is_empty(), "once more is no news");
        if signal {
            agent.on(late, Event::Drain);
            let actions = agent.on(late + config.grace, Event::Tick);
            assert!(actions.iter().any(|action| matches!(action, Action::Stop(LeaseId(1)))), "{actions:?}");
            continue;
        }
        let actions = agent.on(late, Event::Tick);
        assert!(!actions.iter().any(|action| matches!(action, Action::Stop(_) | Action::Exit(_))), "{actions:?}");
        let (call, report, _) = reporting(&agent.on(late + ms(1), Event::Finished(vec![done(1, 5)])));
        assert_eq!(report.outcomes.len(), 1);
        let actions = agent.on(late + ms(2), Event::Reported { call, leases: vec![], stop: vec![] });
        assert_eq!(exit(&actions), Some(&Exit::Drained));
    }
}
