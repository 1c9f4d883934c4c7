//! Which taps of a kernel meet which places of the source, along one axis.

/// One axis of a correlation: rows or columns.
///
/// Taps are grouped in phases: taps of one phase meet consecutive places of the source, in ascending order. Forward
/// has one phase with all taps; backward has one a place modulo the stride, with every stride-th tap, last tap first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Axis {
    /// Places of the source.
    pub(super) source: usize,
    /// A window a place of the result.
    pub(super) spans: Vec<Span>,
    /// Taps of every phase, by their index in the kernel; at least one phase.
    pub(super) phases: Vec<Vec<usize>>,
    /// Most taps of one window.
    pub(super) longest: usize,
}

/// The part of a window that lies inside the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// Which phase.
    pub(super) phase: usize,
    /// Its first tap inside.
    pub(super) first: usize,
    /// How many taps are inside.
    pub(super) n: usize,
    /// The place of the source that the first one meets; these never descend along the result.
    pub(super) start: usize,
}

impl Axis {
    /// Result place r meets source place r · stride + tap − padding.
    pub(crate) fn forward(source: usize, result: usize, [kernel, stride, padding]: [usize; 3]) -> Self {
        let span = |place: usize| {
            let corner = place * stride;
            let first = padding.saturating_sub(corner).min(kernel);
            let end = (source + padding).saturating_sub(corner).min(kernel);
            Span { phase: 0, first, n: end.saturating_sub(first), start: (corner + first).saturating_sub(padding) }
        };
        Self { source, spans: (0..result).map(span).collect(), phases: vec![(0..kernel).collect()], longest: kernel }
    }

    /// The way back, from `source` outputs to `result` inputs: result place r meets source place
    /// (r + padding − tap) / stride wherever that is whole.
    pub(crate) fn backward(source: usize, result: usize, [kernel, stride, padding]: [usize; 3]) -> Self {
        let phases: Vec<Vec<usize>> =
            (0..stride.min(kernel)).map(|phase| (phase..kernel).step_by(stride).rev().collect()).collect();
        let span = |place: usize| {
            let (phase, at) = ((place + padding) % stride, (place + padding) / stride);
            // Phases beyond the kernel have no taps.
            let Some(taps) = phases.get(phase) else { return Span { phase: 0, first: 0, n: 0, start: at } };
            let before = taps.len() - 1;
            let first = before.saturating_sub(at).min(taps.len());
            let end = (source + before).saturating_sub(at).min(taps.len());
            Span { phase, first, n: end.saturating_sub(first), start: (at + first).saturating_sub(before) }
        };
        let longest = phases.iter().map(Vec::len).max().unwrap_or(0);
        Self { source, spans: (0..result).map(span).collect(), phases, longest }
    }

    /// The places of the source that a place of the result meets: from, to.
    #[inline(always)]
    pub(crate) fn range(&self, place: usize) -> (usize, usize) {
        let span = self.spans[place];
        (span.start, span.start + span.n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair of a tap and a source place that a result place meets.
    fn pairs(axis: &Axis, place: usize) -> Vec<(usize, usize)> {
        let span = axis.spans[place];
        (0..span.n).map(|i| (axis.phases[span.phase][span.first + i], span.start + i)).collect()
    }

    #[test]
    fn both_ways_meet_the_same_pairs() {
        for kernel in 1..6 {
            for stride in 1..5 {
                for padding in 0..7 {
                    for input in 1_usize..9 {
                        let Some(room) = (input + 2 * padding).checked_sub(kernel) else { continue };
                        let output = room / stride + 1;
                        let sizes = [kernel, stride, padding];
                        let (forward, backward) =
                            (Axis::forward(input, output, sizes), Axis::backward(output, input, sizes));
                        let meets = |out: usize, tap: usize| (out * stride + tap).checked_sub(padding);
                        for out in 0..output {
                            let wanted = (0..kernel).filter_map(|tap| Some((tap, meets(out, tap)?)));
                            let wanted: Vec<_> = wanted.filter(|&(_, at)| at < input).collect();
                            assert_eq!(pairs(&forward, out), wanted, "{sizes:?} {input}");
                        }
                        for place in 0..input {
                            let mut wanted = Vec::new();
                            for out in 0..output {
                                let taps = (0..kernel).filter(|&tap| meets(out, tap) == Some(place));
                                wanted.extend(taps.map(|tap| (tap, out)));
                            }
                            assert_eq!(pairs(&backward, place), wanted, "{sizes:?} {input}");
                        }
                        for axis in [&forward, &backward] {
                            let met: Vec<_> = axis.spans.iter().filter(|span| span.n > 0).collect();
                            assert!(met.is_sorted_by_key(|span| span.start), "{sizes:?} {input}");
                        }
                    }
                }
            }
        }
    }
}
