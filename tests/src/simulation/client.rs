//! People and scripts: they submit, pause, resume, cancel and look, and ask again where no answer comes.

use std::time::Duration;

use traipse_sweep::facts::Control;
use traipse_sweep::{RequestId, SweepId};

use super::event::{CallId, Event, Node, Request, Response};
use super::specs::{self, Drawn};
use super::world::World;

/// How long a person waits for an answer.
const DEADLINE: Duration = Duration::from_secs(20);

/// One person.
#[derive(Debug, Default)]
pub(crate) struct Client {
    n_calls: u64,
    /// The call under way, to be asked again until it is answered.
    waits: Option<(u64, Request)>,
    pub(crate) sweeps: Vec<Submitted>,
}

/// A sweep that a person has made.
#[derive(Clone, Debug)]
pub(crate) struct Submitted {
    pub(crate) id: SweepId,
    pub(crate) drawn: Drawn,
    is_answered: bool,
    pub(crate) has_ended: bool,
}

impl World {
    /// Does the next thing.
    pub(crate) fn client_acts(&mut self, at: usize) {
        let waits = self.clients[at].waits.is_some();
        if !waits {
            match self.next_request(at) {
                Some(request) => self.client_asks(at, request),
                None if self.calm => return,
                None => {}
            }
        }
        let pause = match self.calm {
            true => Duration::from_secs(2),
            false => self.dice.millis(300, 15_000),
        };
        self.queue.push(self.now + pause, Event::Client(at));
    }

    fn next_request(&mut self, at: usize) -> Option<Request> {
        if let Some(unanswered) = self.clients[at].sweeps.iter().find(|sweep| !sweep.is_answered) {
            return Some(Request::Submit { sweep: unanswered.id, spec: unanswered.drawn.text.clone() });
        }
        if self.calm {
            // The sweeps that are not known to have ended are looked at, and may go on.
            let open: Vec<SweepId> =
                self.clients[at].sweeps.iter().filter(|sweep| !sweep.has_ended).map(|sweep| sweep.id).collect();
            let sweep = *open.get(self.dice.below(open.len().max(1) as u64) as usize)?;
            return Some(match self.dice.below(2) {
                0 => Request::Status(sweep),
                _ => Request::Control { sweep, control: Control::Resume },
            });
        }
        let n = self.clients[at].sweeps.len() as u64;
        if n == 0 || n < 3 && self.dice.once_in(6) {
            return Some(self.submit(at));
        }
        let sweep = self.clients[at].sweeps[self.dice.below(n) as usize].id;
        Some(match self.dice.below(24) {
            0 if self.dice.once_in(4) => Request::Control { sweep, control: Control::Cancel },
            1 | 2 => Request::Control { sweep, control: Control::Pause },
            3..8 => Request::Control { sweep, control: Control::Resume },
            8..10 => return Some(self.retry(at, sweep)),
            _ => Request::Status(sweep),
        })
    }

    /// What failed, or a cell.
    fn retry(&mut self, at: usize, sweep: SweepId) -> Request {
        self.n_sweeps += 1;
        let request = RequestId(self.n_sweeps);
        let known = self.clients[at].sweeps.iter_mut().find(|known| known.id == sweep);
        let n_cells = known.map_or(1, |known| {
            known.has_ended = false;
            known.drawn.plan.n_cells()
        });
        let cell = self.dice.below(n_cells);
        let cells = self.dice.once_in(2).then(|| vec![cell..cell + 1]);
        Request::Retry { sweep, request, cells }
    }

    fn submit(&mut self, at: usize) -> Request {
        self.n_sweeps += 1;
        let id = SweepId(self.n_sweeps);
        let drawn = specs::draw(&mut self.dice);
        let spec = drawn.text.clone();
        self.oracle.made(id, drawn.plan.clone());
        self.clients[at].sweeps.push(Submitted { id, drawn, is_answered: false, has_ended: false });
        Request::Submit { sweep: id, spec }
    }

    fn client_asks(&mut self, at: usize, request: Request) {
        let client = &mut self.clients[at];
        client.n_calls += 1;
        let number = client.n_calls;
        client.waits = Some((number, request.clone()));
        self.counts.add(match &request {
            Request::Submit { .. } => "asked: submit",
            Request::Control { control: Control::Cancel, .. } => "asked: cancel",
            Request::Control { control: Control::Pause, .. } => "asked: pause",
            Request::Control { control: Control::Resume, .. } => "asked: resume",
            Request::Retry { .. } => "asked: retry",
            _ => "asked: status",
        });
        self.ask(CallId { from: Node::Client(at), life: 0, number }, request, DEADLINE);
    }

    pub(crate) fn client_answered(&mut self, at: usize, call: CallId, response: &Response) {
        let client = &mut self.clients[at];
        let Some((_, request)) = client.waits.take_if(|(number, _)| *number == call.number) else { return };
        match (&request, response) {
            (_, Response::Failed) => {
                // The same again, which must be as if it had been asked once.
                self.counts.add("asked again");
                self.client_asks(at, request)
            }
            (Request::Submit { sweep, .. }, Response::Submitted) => {
                client.sweeps.iter_mut().filter(|known| known.id == *sweep).for_each(|known| known.is_answered = true);
            }
            (Request::Submit { .. }, other) => {
                self.violated(format!("a submit is answered {other:?}"));
            }
            (Request::Status(sweep), Response::Status(Some(state))) if state.is_ended() => {
                client.sweeps.iter_mut().filter(|known| known.id == *sweep).for_each(|known| known.has_ended = true);
            }
            (Request::Status(sweep), Response::Status(None)) => {
                self.violated(format!("sweep {sweep} was admitted and is not known any more"));
            }
            _ => {}
        }
    }
}
