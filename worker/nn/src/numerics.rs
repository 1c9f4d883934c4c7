//! What decides the bits of a training beside its settings.

use crate::kernels::Isa;

/// Raised by hand whenever the bits of any training or evaluation change; a golden digest in the tests guards it.
const VERSION: u32 = 1;

/// Names the arithmetic: equal text means equal bits for equal settings.
///
/// Every instruction set that the kernels know gives the same bits (a test compares them), so it is not part of the
/// name: workers on unlike processors may share a sweep.
#[must_use]
pub fn numerics() -> String {
    format!("nn{VERSION}-fma-chain")
}

/// The vector instructions that the kernels run with here, for the record: they do not change the bits.
#[must_use]
pub fn cpu_features() -> String {
    format!("{} {}", std::env::consts::ARCH, Isa::detect().name())
}
