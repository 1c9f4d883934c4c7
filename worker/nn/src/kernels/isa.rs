//! Which instructions run: chosen once, by what the processor has.

#[cfg(target_arch = "x86_64")]
use super::lanes::{Avx2, Avx512};
use super::lanes::{Family, Portable};

/// A family of vector instructions. Only [`Isa::detect`] and [`Isa::available`] make one, so holding one proves that
/// the processor has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Isa(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

/// Work that is compiled once for each family of instructions. `run` must be `#[inline(always)]`.
pub(crate) trait Op {
    /// What comes out.
    type Output;

    /// Does the work with these instructions.
    fn run<F: Family>(self) -> Self::Output;
}

impl Isa {
    /// The best family that this processor has.
    pub(crate) fn detect() -> Self {
        Self::available()[0]
    }

    /// Every family that this processor has, best first.
    pub(crate) fn available() -> Vec<Self> {
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let fma = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let wide = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            if fma && wide {
                found.push(Self(Kind::Avx512));
            }
            if fma {
                found.push(Self(Kind::Avx2));
            }
        }
        found.push(Self(Kind::Portable));
        found
    }

    /// For the record.
    pub(crate) fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2+fma",
            Kind::Portable => "portable",
        }
    }

    /// Runs `op` with this family's instructions.
    pub(crate) fn run<O: Op>(self, op: O) -> O::Output {
        match self.0 {
            // SAFETY: a value of this kind is only made where the processor was found to have these features.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { run_avx512(op) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { run_avx2(op) },
            Kind::Portable => op.run::<Portable>(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn run_avx512<O: Op>(op: O) -> O::Output {
    op.run::<Avx512>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<O: Op>(op: O) -> O::Output {
    op.run::<Avx2>()
}
