//! A layer in words, such as `conv 16 3x3 stride 2 pad 1`.

use super::error::Reason;
use super::{MAX_WIDTH, PoolKind};

/// What an item of `model.layers` says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Words {
    /// `conv CHANNELS KxK [stride S] [pad P]`
    Conv { channels: usize, kernel: usize, stride: usize, padding: usize },
    /// `pool max|average SIZE [stride S]`; the stride is the size where it is not given.
    Pool { kind: PoolKind, size: usize, stride: usize },
    /// `pool global`
    GlobalPool,
    /// `dense UNITS`
    Dense { units: usize },
    /// `block WIDTH [stride S]`
    Block { width: usize, stride: usize },
    /// `dropout RATE`
    Dropout { rate: f64 },
}

impl Words {
    /// Reads a layer.
    pub(crate) fn read(text: &str) -> Result<Self, Reason> {
        let mut words: Vec<&str> = text.split_whitespace().collect();
        let read = match words.as_slice() {
            ["conv", ..] => {
                let padding = option(&mut words, "pad", 0)?.unwrap_or(0);
                let stride = option(&mut words, "stride", 1)?.unwrap_or(1);
                conv(&words, stride, padding)?
            }
            ["pool", "global"] => Some(Self::GlobalPool),
            ["pool", ..] => {
                let stride = option(&mut words, "stride", 1)?;
                pool(&words, stride)?
            }
            ["block", ..] => {
                let stride = option(&mut words, "stride", 1)?.unwrap_or(1);
                match words.as_slice() {
                    ["block", width] => Some(Self::Block { width: number("the width", width, 1)?, stride }),
                    _ => None,
                }
            }
            ["dense", units] => Some(Self::Dense { units: number("the number of units", units, 1)? }),
            ["dropout", rate] => Some(dropout(rate)?),
            _ => None,
        };
        read.ok_or_else(|| Reason::Words { problem: format!("`{}` is not a layer", shortened(text)) })
    }
}

fn conv(words: &[&str], stride: usize, padding: usize) -> Result<Option<Words>, Reason> {
    let ["conv", channels, kernel] = words else { return Ok(None) };
    let channels = number("the number of channels", channels, 1)?;
    let kernel = side(kernel)?;
    if padding >= kernel {
        let problem = format!("{padding} of padding around a {kernel}×{kernel} kernel: pad less than the kernel");
        return Err(Reason::Words { problem });
    }
    Ok(Some(Words::Conv { channels, kernel, stride, padding }))
}

fn pool(words: &[&str], stride: Option<usize>) -> Result<Option<Words>, Reason> {
    let (kind, size) = match words {
        ["pool", "max", size] => (PoolKind::Max, size),
        ["pool", "average", size] => (PoolKind::Average, size),
        _ => return Ok(None),
    };
    let size = number("the window", size, 1)?;
    Ok(Some(Words::Pool { kind, size, stride: stride.unwrap_or(size) }))
}

fn dropout(rate: &str) -> Result<Words, Reason> {
    match rate.parse::<f64>() {
        Ok(rate) if (0.0..1.0).contains(&rate) => Ok(Words::Dropout { rate: rate + 0.0 }),
        _ => {
            let problem = format!("the rate is `{}`, not a number from 0 to below 1", shortened(rate));
            Err(Reason::Words { problem })
        }
    }
}

/// Takes the pair `name NUMBER` off the end of the words, wherever it stands among the options there.
fn option(words: &mut Vec<&str>, name: &str, least: u32) -> Result<Option<usize>, Reason> {
    let Some(at) = words.iter().position(|word| *word == name) else { return Ok(None) };
    let Some(value) = words.get(at + 1) else {
        return Err(Reason::Words { problem: format!("`{name}` stands without its number") });
    };
    let value = number(name, value, least)?;
    words.drain(at..at + 2);
    Ok(Some(value))
}

/// The side of a kernel `3x3`; kernels are square.
fn side(text: &str) -> Result<usize, Reason> {
    let sides = text.split_once(['x', '×']);
    match sides {
        Some((height, width)) if height == width => number("the kernel's side", height, 1),
        Some((height, width)) => {
            let problem = format!("a {}×{} kernel is not square", shortened(height), shortened(width));
            Err(Reason::Words { problem })
        }
        None => {
            Err(Reason::Words { problem: format!("`{}` is not the size of a kernel such as 3x3", shortened(text)) })
        }
    }
}

fn number(what: &str, text: &str, least: u32) -> Result<usize, Reason> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u32>() {
        Ok(value) if plain && (least..=MAX_WIDTH).contains(&value) => Ok(value as usize),
        _ => Err(Reason::number(what, &shortened(text), least)),
    }
}

/// The beginning of a text, for a message.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 40;
    if text.chars().count() <= LONGEST { text.to_owned() } else { text.chars().take(LONGEST).chain(['…']).collect() }
}
