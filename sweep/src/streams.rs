//! Random streams: Philox4x64-10 as in NumPy, key (seed, purpose), counter (epoch, i).
