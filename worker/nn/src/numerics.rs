//! What decides the bits of a training beside its settings.

/// Names the arithmetic: equal text means equal bits for equal settings.
#[must_use]
pub fn numerics() -> String {
    format!("nn-{VERSION}-fma")
}

/// Raised by hand whenever the bits of any training or evaluation change; a golden digest in the tests guards it.
const VERSION: u32 = 1;

/// The processor's vector features that the kernels look at, for the record; they do not change the bits.
#[must_use]
pub fn cpu_features() -> String {
    String::new()
}
