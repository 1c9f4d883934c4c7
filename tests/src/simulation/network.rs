//! A network that loses, doubles, delays and reorders, and is cut between any two, one way or both.

use std::collections::BTreeMap;
use std::time::Duration;

use super::dice::Dice;
use super::event::Node;

/// How bad it is, by the thousand messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) slow: u64,
    /// The longest delay of a slow one.
    pub(crate) slowest: Duration,
}

impl Weather {
    pub(crate) const FAIR: Self = Self { lost: 0, doubled: 0, slow: 0, slowest: Duration::from_millis(1) };

    /// Some worlds are calm and some are not.
    pub(crate) fn of(dice: &mut Dice) -> Self {
        let bad = [0, 1, 3, 10][dice.below(4) as usize];
        Self {
            lost: bad * dice.below(20),
            doubled: bad * dice.below(15),
            slow: bad * dice.below(20),
            slowest: Duration::from_secs(1 + dice.below(40)),
        }
    }
}

/// What becomes of a message: when its copies arrive.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    pub(crate) first: Option<Duration>,
    pub(crate) second: Option<Duration>,
    pub(crate) is_slow: bool,
}

/// The wires.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) weather: Weather,
    cut: BTreeMap<(Node, Node), Duration>,
}

impl Network {
    pub(crate) fn new(weather: Weather) -> Self {
        Self { weather, cut: BTreeMap::new() }
    }

    /// Nothing gets from one to the other until then.
    pub(crate) fn cut(&mut self, from: Node, to: Node, until: Duration) {
        self.cut.insert((from, to), until);
    }

    pub(crate) fn heal(&mut self) {
        self.cut.clear();
        self.weather = Weather::FAIR;
    }

    /// Sends a message now.
    pub(crate) fn send(&mut self, now: Duration, dice: &mut Dice, from: Node, to: Node) -> Fate {
        if self.cut.get(&(from, to)).is_some_and(|until| *until > now) || dice.permille(self.weather.lost) {
            return Fate::default();
        }
        let is_slow = dice.permille(self.weather.slow);
        let first = Some(now + self.delay(dice, is_slow));
        let second = dice.permille(self.weather.doubled).then(|| now + self.delay(dice, true));
        Fate { first, second, is_slow }
    }

    fn delay(&self, dice: &mut Dice, is_slow: bool) -> Duration {
        let least = Duration::from_micros(50);
        match is_slow {
            true => dice.between(least, self.weather.slowest),
            false => dice.between(least, Duration::from_millis(2)),
        }
    }
}
