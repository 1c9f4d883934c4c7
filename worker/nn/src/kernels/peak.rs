//! What the processor can do at best: a loop of nothing but fused multiply-adds.

use std::marker::PhantomData;

use super::Op;
use super::lanes::{Family, Lanes};
use super::real::Real;

/// Independent chains: more than latency times ports of any processor so far.
const CHAINS: usize = 16;

/// Runs `rounds` multiply-adds on each of sixteen vectors in registers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peak<T> {
    pub(crate) rounds: usize,
    pub(crate) number: PhantomData<T>,
}

impl<T: Real> Op for Peak<T> {
    /// How many multiply-adds, and a number that depends on all of them.
    type Output = (usize, T);

    #[inline(always)]
    fn run<F: Family>(self) -> (usize, T) {
        let n = <T::On<F> as Lanes<T>>::N;
        let mut first = [T::ZERO; 16];
        // SAFETY: `Isa` runs this only where the processor has the family; a vector has at most sixteen numbers.
        unsafe {
            let (factor, summand) = (T::On::<F>::splat(T::of(0.5)), T::On::<F>::splat(T::ONE));
            let mut chains = [T::On::<F>::splat(T::ZERO); CHAINS];
            for _ in 0..self.rounds {
                for chain in &mut chains {
                    *chain = T::On::<F>::fma(*chain, factor, summand);
                }
            }
            let mut sum = chains[0];
            for &chain in &chains[1..] {
                sum = T::On::<F>::add(sum, chain);
            }
            T::On::<F>::store(first.as_mut_ptr(), sum);
        }
        (self.rounds * CHAINS * n, first[0])
    }
}
