//! The forms that most settings have.

/// An enum of the settings as words: what there is now, in order, and what is known but not available yet.
pub(crate) trait Words: Copy + PartialEq + 'static {
    const ALL: &'static [Self];
    const NOW: &'static [&'static str];
    const LATER: &'static [&'static str];

    fn index(self) -> usize {
        Self::ALL.iter().position(|&other| other == self).unwrap_or(0)
    }
}

macro_rules! words {
    ($ty:ty: $($variant:ident $word:literal)* ; $($later:literal)*) => {
        impl Words for $ty {
            const ALL: &'static [Self] = &[$(Self::$variant),*];
            const NOW: &'static [&'static str] = &[$($word),*];
            const LATER: &'static [&'static str] = &[$($later),*];
        }
    };
}

macro_rules! setting {
    ($section:ident.$field:ident, $kind:expr, $doc:literal, $get:expr, $set:expr $(,)?) => {
        Setting {
            key: concat!(stringify!($section), ".", stringify!($field)),
            kind: $kind,
            doc: $doc,
            get: $get,
            set: $set,
        }
    };
}

macro_rules! word {
    ($section:ident.$field:ident: $ty:ty, $doc:literal) => {
        setting!(
            $section.$field,
            Kind::Word { now: <$ty as Words>::NOW, later: <$ty as Words>::LATER, optional: false },
            $doc,
            |run| Value::Word(run.$section.$field.index()),
            |run, value| {
                if let Value::Word(at) = value
                    && let Some(&word) = <$ty as Words>::ALL.get(*at)
                {
                    run.$section.$field = word;
                }
            },
        )
    };
}

macro_rules! number {
    ($section:ident.$field:ident, $max:expr, $below:expr, $doc:literal) => {
        number!($section.$field, 0.0, $max, $below, $doc)
    };
    ($section:ident.$field:ident, $min:expr, $max:expr, $below:expr, $doc:literal) => {
        setting!(
            $section.$field,
            Kind::Number { min: $min, max: $max, below: $below },
            $doc,
            |run| Value::Number(run.$section.$field),
            |run, value| {
                if let Value::Number(number) = value {
                    run.$section.$field = *number;
                }
            },
        )
    };
}

macro_rules! truth {
    ($section:ident.$field:ident, $doc:literal) => {
        setting!($section.$field, Kind::Truth, $doc, |run| Value::Truth(run.$section.$field), |run, value| {
            if let Value::Truth(truth) = value {
                run.$section.$field = *truth;
            }
        })
    };
}

/// A whole number that every run has.
macro_rules! count {
    ($section:ident.$field:ident, $min:expr, $max:expr, $doc:literal) => {
        setting!(
            $section.$field,
            Kind::Count { min: $min, max: $max, optional: false },
            $doc,
            |run| Value::Count(run.$section.$field),
            |run, value| {
                if let Value::Count(count) = value {
                    run.$section.$field = *count;
                }
            },
        )
    };
}

/// One of the three lengths: setting it clears the others.
macro_rules! length {
    ($field:ident, $max:expr, $doc:literal) => {
        setting!(
            train.$field,
            Kind::Count { min: 1, max: $max, optional: false },
            $doc,
            |run| run.train.$field.map_or(Value::Null, Value::Count),
            |run, value| {
                if let Value::Count(count) = value {
                    (run.train.epochs, run.train.steps, run.train.examples) = (None, None, None);
                    run.train.$field = Some(*count);
                }
            },
        )
    };
}

/// A setting whose value has a type of its own, kept whole in the [`Value`] of that name.
macro_rules! whole {
    ($section:ident.$field:ident: $kind:ident, $doc:literal) => {
        setting!($section.$field, Kind::$kind, $doc, |run| Value::$kind(run.$section.$field.clone()), |run, value| {
            if let Value::$kind(whole) = value {
                run.$section.$field.clone_from(whole);
            }
        },)
    };
}

/// A setting of the fork, which a run without one lacks; setting it makes one.
macro_rules! fork {
    ($key:literal, $kind:expr, $doc:literal, $get:expr, $set:expr $(,)?) => {
        Setting {
            key: concat!("fork.", $key),
            kind: $kind,
            doc: $doc,
            get: |run| {
                let get: fn(&ForkSettings) -> Option<Value> = $get;
                run.fork.as_ref().and_then(get).unwrap_or(Value::Null)
            },
            set: |run, value| {
                let set: fn(&mut ForkSettings, &Value) = $set;
                if *value != Value::Null {
                    set(run.fork.get_or_insert_default(), value);
                }
            },
        }
    };
}

/// A number that changes at the fork.
macro_rules! fork_number {
    ($field:ident, $max:expr, $below:expr, $doc:literal) => {
        Setting {
            key: concat!("fork.train.", stringify!($field)),
            kind: Kind::Number { min: 0.0, max: $max, below: $below },
            doc: $doc,
            get: |run| run.fork.as_ref().and_then(|fork| fork.train.$field).map_or(Value::Null, Value::Number),
            set: |run, value| {
                if let Value::Number(number) = value {
                    run.fork.get_or_insert_default().train.$field = Some(*number);
                }
            },
        }
    };
}

pub(super) use {count, fork, fork_number, length, number, setting, truth, whole, word, words};
