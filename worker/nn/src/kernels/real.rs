//! The two number types that everything runs in.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use traipse_sweep::network::Node;

use super::lanes::{Family, Lanes};
use super::math;
use crate::layers::{self, Layer, Places};

/// `f32` for training, `f64` for checking and for what asks for it.
#[allow(private_interfaces, reason = "what is hidden here is for this crate alone, which has both implementations")]
pub trait Real: Number {
    /// This type's vectors in a family of instructions.
    #[doc(hidden)]
    type On<F: Family>: Lanes<Self>;

    /// A layer of numbers of this type. Not generic, so that the kernels are compiled once, with this crate, and not
    /// again in every crate that trains.
    #[doc(hidden)]
    fn layer(node: &Node, at: Places, n_dropouts: usize) -> Box<dyn Layer<Self>>;
}

/// Arithmetic, and the elementary functions that are the same on every processor.
pub trait Number:
    Copy
    + Debug
    + Default
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// −∞.
    const NEG_INFINITY: Self;
    /// Bytes of one.
    const BYTES: usize;

    /// Rounded to this type.
    fn of(value: f64) -> Self;
    /// Widened, exactly.
    fn wide(self) -> f64;
    /// a · b + c, rounded once, with a = self.
    fn fma(self, b: Self, c: Self) -> Self;
    /// √self.
    fn root(self) -> Self;
    /// |self|.
    fn size(self) -> Self;
    /// Neither infinite nor not a number.
    fn is_finite_number(self) -> bool;
    /// e^self.
    fn exp(self) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
    /// 1 / (1 + e^−self).
    fn sigmoid(self) -> Self;
    /// The error function.
    fn erf(self) -> Self;
    /// Appends the little-endian bytes.
    fn put(self, out: &mut Vec<u8>);
    /// From as many little-endian bytes as a number has.
    fn get(bytes: &[u8]) -> Self;
}

macro_rules! number {
    ($ty:ty, $exp:path, $tanh:path, $sigmoid:path, $erf:path) => {
        impl Number for $ty {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NEG_INFINITY: Self = <$ty>::NEG_INFINITY;
            const BYTES: usize = size_of::<$ty>();

            #[inline(always)]
            fn of(value: f64) -> Self {
                value as $ty
            }
            #[inline(always)]
            fn wide(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn fma(self, b: Self, c: Self) -> Self {
                self.mul_add(b, c)
            }
            #[inline(always)]
            fn root(self) -> Self {
                self.sqrt()
            }
            #[inline(always)]
            fn size(self) -> Self {
                self.abs()
            }
            #[inline(always)]
            fn is_finite_number(self) -> bool {
                self.is_finite()
            }
            #[inline(always)]
            fn exp(self) -> Self {
                $exp(self)
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                $tanh(self)
            }
            #[inline(always)]
            fn sigmoid(self) -> Self {
                $sigmoid(self)
            }
            #[inline(always)]
            fn erf(self) -> Self {
                $erf(self)
            }
            #[inline(always)]
            fn put(self, out: &mut Vec<u8>) {
                out.extend(self.to_le_bytes());
            }
            #[inline(always)]
            fn get(bytes: &[u8]) -> Self {
                Self::from_le_bytes(std::array::from_fn(|i| bytes[i]))
            }
        }
    };
}

number!(f32, math::exp, math::tanh, math::sigmoid, math::erf);
number!(f64, libm::exp, libm::tanh, math::sigmoid64, libm::erf);

#[allow(private_interfaces, reason = "as in the trait")]
impl Real for f32 {
    type On<F: Family> = F;

    #[inline(never)]
    fn layer(node: &Node, at: Places, n_dropouts: usize) -> Box<dyn Layer<Self>> {
        layers::build(node, at, n_dropouts)
    }
}

#[allow(private_interfaces, reason = "as in the trait")]
impl Real for f64 {
    type On<F: Family> = F;

    #[inline(never)]
    fn layer(node: &Node, at: Places, n_dropouts: usize) -> Box<dyn Layer<Self>> {
        layers::build(node, at, n_dropouts)
    }
}
