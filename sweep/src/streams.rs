//! Random streams: Philox4x64-10 as in NumPy, so that an outsider can follow every draw.
//!
//! A stream is named by (seed, purpose, epoch, part): the key is (seed, purpose) and the 256-bit counter starts at
//! `epoch << 64 | part << 128 | branch << 192`; where no part is named it is 0, and so is the branch before a fork and on
//! the trunk. In NumPy it is `numpy.random.Philox(key=purpose << 64 | seed, counter=epoch << 64 | part << 128 |
//! branch << 192)`, and its `random_raw()` gives the same 64-bit words. What "epoch" counts depends on the purpose (an epoch of the data order, a layer of the initial
//! weights, a sample of a null model).

/// What a stream is used for: the second half of its key, so that no two uses share draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u64)]
pub enum Purpose {
    /// Initial weights, from `init_seed`; epoch = layer.
    Init = 1,
    /// The order of the training examples, from `order_seed`; epoch = epoch.
    Order = 2,
    /// Which examples `train_limit` keeps, from `data.seed`; epoch = class.
    TrainLimit = 3,
    /// The fixed order of the probe set, from seed 0; epoch = class.
    ProbeOrder = 4,
    /// Samples of the null `walk`; epoch = sample.
    NullWalk = 5,
    /// Samples of the null `signs`; epoch = sample.
    NullSigns = 6,
    /// Samples of the null `shuffled`; epoch = sample.
    NullShuffled = 7,
    /// Resamples of the bootstrap; epoch = resample.
    Bootstrap = 8,
    /// Training labels that `label_noise` replaces, from `data.seed`; epoch 0.
    LabelNoise = 9,
    /// Synthetic data, from `data.seed`; epoch 0 = their truth, 1 = training examples, 2 = test examples.
    Synthetic = 10,
    /// Units that dropout drops, from `order_seed`; epoch = optimiser steps before, part = dropout layer << 32 | position
    /// in the batch.
    Dropout = 11,
    /// Random changes of training images, from `order_seed`; epoch = optimiser steps before, part = position in the
    /// batch.
    Augment = 12,
    /// Steps of a planted walk, from `order_seed`; epoch = optimiser steps before.
    PlantedWalk = 13,
    /// Starts and orders of the search for an alignment, from the first run's seed; epoch = start.
    Alignment = 14,
    /// Where Lanczos starts, from `seed`; epoch = step of the snapshot.
    HessianStart = 15,
    /// Signs for the Hessian's trace, likewise.
    TraceSigns = 16,
    /// Signs for the spectral density, likewise; part = draw.
    SpectrumSigns = 17,
    /// Minibatches whose noise is weighed with the Hessian, likewise.
    NoiseBatches = 18,
    /// Samples of the null `layer-walk`; epoch = sample, part = layer.
    NullLayerWalk = 19,
    /// Samples of the null `momentum-walk`; epoch = sample.
    NullMomentumWalk = 20,
    /// Minibatches whose gradients are compared, from `seed`; epoch = step of the snapshot.
    GradientBatches = 21,
    /// Random directions of the sharpness, likewise; part = sample.
    SharpnessDirections = 22,
    /// The two random directions of a surface, likewise; part = direction.
    SurfaceDirections = 23,
}

/// A counter-based generator: any stream can be entered at once, none depends on what was drawn before.
///
/// Salmon, Moraes, Dror, Shaw: *Parallel random numbers: as easy as 1, 2, 3* (SC 2011).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Philox {
    key: [u64; 2],
    branch: u64,
}

/// The draws of one (seed, purpose, epoch), in order.
#[derive(Clone, Debug)]
pub struct Draws {
    key: [u64; 2],
    counter: [u64; 4],
    block: [u64; 4],
    used: usize,
    spare_normal: Option<f64>,
}

impl Philox {
    /// The generator of (seed, purpose).
    #[must_use]
    pub fn new(seed: u64, purpose: Purpose) -> Self {
        Self { key: [seed, purpose as u64], branch: 0 }
    }

    /// The generator of a branch of a fork; branch 0 is the trunk's own.
    #[must_use]
    pub fn branch(self, branch: u64) -> Self {
        Self { branch, ..self }
    }

    /// The draws of one epoch, from their beginning.
    #[must_use]
    pub fn at(&self, epoch: u64) -> Draws {
        self.at_part(epoch, 0)
    }

    /// The draws of one part of an epoch, from their beginning.
    #[must_use]
    pub fn at_part(&self, epoch: u64, part: u64) -> Draws {
        Draws { key: self.key, counter: [0, epoch, part, self.branch], block: [0; 4], used: 4, spare_normal: None }
    }
}

impl Draws {
    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        if self.used == 4 {
            // NumPy counts up before it draws, so the first block is that of counter 1.
            self.counter[0] = self.counter[0].wrapping_add(1);
            self.block = philox(self.counter, self.key);
            self.used = 0;
        }
        let word = self.block[self.used];
        self.used += 1;
        word
    }

    /// The next words, as many calls of [`Self::next_u64`] give them, in less time.
    pub fn fill(&mut self, words: &mut [u64]) {
        let ready = (4 - self.used).min(words.len());
        let (first, rest) = words.split_at_mut(ready);
        first.fill_with(|| self.next_u64());
        let (blocks, last) = rest.as_chunks_mut::<4>();
        for block in blocks {
            self.counter[0] = self.counter[0].wrapping_add(1);
            *block = philox(self.counter, self.key);
        }
        last.fill_with(|| self.next_u64());
    }

    /// Uniform in [0, 1) with 53 bits: `(u64 >> 11) / 2⁵³`, as NumPy's `random`.
    pub fn next_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Standard normal by Box and Muller: from uniforms u, v the pair r cos 2πv, r sin 2πv with r = √(−2 ln(1 − u)),
    /// handed out in that order. Logarithm, sine and cosine are `libm`'s.
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare_normal.take() {
            return spare;
        }
        let radius = (-2.0 * libm::log(1.0 - self.next_f64())).sqrt();
        let (sin, cos) = libm::sincos(core::f64::consts::TAU * self.next_f64());
        self.spare_normal = Some(radius * sin);
        radius * cos
    }

    /// Uniform in 0..n without bias: Lemire's multiplication with rejection, 64 bits a draw.
    ///
    /// # Panics
    /// If `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "there is no number below 0");
        let mut product = u128::from(self.next_u64()) * u128::from(n);
        if (product as u64) < n {
            let threshold = n.wrapping_neg() % n;
            while (product as u64) < threshold {
                product = u128::from(self.next_u64()) * u128::from(n);
            }
        }
        (product >> 64) as u64
    }

    /// Fisher–Yates from the top: for i from the last to 1, swap item i with item `below(i + 1)`.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i as u64 + 1) as usize;
            items.swap(i, j);
        }
    }
}

/// Ten rounds of Philox4x64.
fn philox(counter: [u64; 4], key: [u64; 2]) -> [u64; 4] {
    const MULTIPLIER: [u64; 2] = [0xD2E7_470E_E14C_6C93, 0xCA5A_8263_9512_1157];
    const WEYL: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xBB67_AE85_84CA_A73B];
    let [mut x0, mut x1, mut x2, mut x3] = counter;
    let [mut k0, mut k1] = key;
    for round in 0..10 {
        if round > 0 {
            k0 = k0.wrapping_add(WEYL[0]);
            k1 = k1.wrapping_add(WEYL[1]);
        }
        let p0 = u128::from(MULTIPLIER[0]) * u128::from(x0);
        let p1 = u128::from(MULTIPLIER[1]) * u128::from(x2);
        (x0, x1, x2, x3) = ((p1 >> 64) as u64 ^ x1 ^ k0, p1 as u64, (p0 >> 64) as u64 ^ x3 ^ k1, p0 as u64);
    }
    [x0, x1, x2, x3]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First words of three streams, from NumPy 2.4's `Philox(key=purpose << 64 | seed, counter=epoch << 64)`.
    #[test]
    fn words_are_numpys() {
        let rows: [(u64, Purpose, u64, [u64; 9]); 3] = [
            (
                0,
                Purpose::Init,
                0,
                [
                    0xd037f8c3f9a1d176,
                    0xc057419b4c210765,
                    0xabf13115117b0065,
                    0x7bae035dea6ea5c0,
                    0xb487ac82e7ddd46f,
                    0x45e81edba7c59426,
                    0xd0a3831ebe9a338c,
                    0x90194c97f11d0dc3,
                    0x90cae1e1aecc68a9,
                ],
            ),
            (
                42,
                Purpose::Order,
                7,
                [
                    0x639752f8ebfece58,
                    0x536bc7cd01866107,
                    0xa34c84e3405a4881,
                    0x312be097cce004a3,
                    0xdb997a0c7e1aa972,
                    0x6645b0a6b0928018,
                    0x880bb5cdaa01e788,
                    0xb1605d1e6456dfb9,
                    0x3a079e9a1dc7a56b,
                ],
            ),
            (
                u64::MAX,
                Purpose::Bootstrap,
                u64::MAX,
                [
                    0x914c88905d8ec460,
                    0xeee3c69ed65685d1,
                    0x90a659d122a687d1,
                    0xea495ac55e978e1f,
                    0xfb6182168494d692,
                    0xc7de5837b73f2ef1,
                    0x10bd75a5d6ae059c,
                    0xf51b1e925651ec85,
                    0x9093ab33f525a09f,
                ],
            ),
        ];
        for (seed, purpose, epoch, words) in rows {
            let mut draws = Philox::new(seed, purpose).at(epoch);
            assert_eq!(words.map(|_| draws.next_u64()), words, "seed {seed}, {purpose:?}, epoch {epoch}");
        }
    }

    /// From NumPy 2.4's `Philox(key=purpose << 64 | seed, counter=epoch << 64 | part << 128)`.
    #[test]
    fn words_of_parts_are_numpys() {
        let rows: [(u64, Purpose, u64, u64, [u64; 5]); 2] = [
            (
                42,
                Purpose::Dropout,
                7,
                3 << 32 | 5,
                [0x10f8e3888e8a6942, 0xffaa4664f7552e5c, 0xc109ddf46047ebb7, 0x57caf76bd6602fee, 0x172917318391daff],
            ),
            (
                9,
                Purpose::Augment,
                u64::MAX,
                1,
                [0x9209cde73a17d442, 0xe4877910e01b7f09, 0x6ed4538bc9cf5d5c, 0xc906f2ebffa88988, 0x6c931bea86e2fee7],
            ),
        ];
        for (seed, purpose, epoch, part, words) in rows {
            let mut draws = Philox::new(seed, purpose).at_part(epoch, part);
            assert_eq!(words.map(|_| draws.next_u64()), words, "seed {seed}, {purpose:?}, epoch {epoch}, part {part}");
        }
    }

    #[test]
    fn filled_words_are_those_one_by_one() {
        let (mut one, mut many) = (Philox::new(42, Purpose::Order).at(7), Philox::new(42, Purpose::Order).at(7));
        for n in [3, 0, 1, 2, 4, 9, 16, 1, 5] {
            let mut words = vec![0; n];
            many.fill(&mut words);
            let wanted: Vec<u64> = (0..n).map(|_| one.next_u64()).collect();
            assert_eq!(words, wanted, "{n} words");
        }
    }

    #[test]
    fn uniforms_are_numpys() {
        let mut draws = Philox::new(42, Purpose::Order).at(7);
        let expected = [0.38902777268594513, 0.32586334948566664, 0.6378863386929449];
        assert_eq!(expected.map(|_| draws.next_f64()), expected);
    }

    #[test]
    fn bounded_draws_reject_as_lemire() {
        let mut draws = Philox::new(3, Purpose::Order).at(1);
        let bounds = [10, (1 << 63) + 1, 7, (1 << 63) + 1, (1 << 63) + 1, 1_000_003];
        let expected = [3, 4823324792651931574, 2, 8564848098052502827, 728804134101419745, 857460];
        assert_eq!(bounds.map(|n| draws.below(n)), expected);
    }

    #[test]
    fn a_shuffle_is_fisher_yates_from_the_top() {
        let mut items: [u32; 12] = std::array::from_fn(|i| i as u32);
        Philox::new(3, Purpose::Order).at(1).shuffle(&mut items);
        assert_eq!(items, [10, 5, 3, 1, 8, 0, 6, 2, 11, 7, 9, 4]);
    }

    #[test]
    fn normals_are_box_and_mullers() {
        let mut draws = Philox::new(5, Purpose::Init).at(2);
        let expected = [
            -0.6359535952385013,
            0.3610132683070452,
            1.4032990592196448,
            -0.22630409847402075,
            -0.4679602753431628,
            -0.2834966919670438,
        ];
        for value in expected {
            let found = draws.normal();
            assert!((found - value).abs() < 1e-14, "{found} is not {value}");
        }
    }

    #[test]
    fn normals_have_the_moments_of_the_normal() {
        let mut draws = Philox::new(1, Purpose::NullWalk).at(0);
        let n = 200_000;
        let (mut first, mut second, mut fourth) = (0.0, 0.0, 0.0);
        for _ in 0..n {
            let z = draws.normal();
            first += z / f64::from(n);
            second += z * z / f64::from(n);
            fourth += z.powi(4) / f64::from(n);
        }
        assert!(first.abs() < 0.01 && (second - 1.0).abs() < 0.015 && (fourth - 3.0).abs() < 0.12);
    }
}
