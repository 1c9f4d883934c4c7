//! Random changes of training images, before their bytes become numbers.
//!
//! The example at position i of a batch draws from the stream (order_seed, [`Purpose::Augment`], steps before, i), for
//! each change in the order of `train.augment`: `crop4` two numbers below 9, down and across; `flip` one below 2.
//!
//! [`Purpose::Augment`]: traipse_sweep::streams::Purpose::Augment

use traipse_sweep::network::Shape;
use traipse_sweep::settings::Augment;
use traipse_sweep::streams::Draws;

/// Pixels of zeros on each side, for a crop.
const MARGIN: usize = 4;

/// Changes one image (channel, then y, then x) in place. Zeros are bytes 0, or floats 0.
pub(super) fn change<V: Copy + Default>(changes: &[Augment], draws: &mut Draws, shape: Shape, image: &mut [V]) {
    let (size, width) = (shape.height * shape.width, shape.width);
    for change in changes {
        match change {
            Augment::Crop4 => {
                let places = 2 * MARGIN as u64 + 1;
                let [down, across] = [(); 2].map(|()| draws.below(places) as usize);
                image.chunks_exact_mut(size).for_each(|plane| crop(plane, width, down, across));
            }
            Augment::Flip => {
                if draws.below(2) == 1 {
                    image.chunks_exact_mut(width).for_each(<[V]>::reverse);
                }
            }
        }
    }
}

/// Pixel (y, x) becomes that of (y + down − 4, x + across − 4), or zero where there is none.
fn crop<V: Copy + Default>(plane: &mut [V], width: usize, down: usize, across: usize) {
    let height = plane.len() / width;
    // Columns that come from inside the image.
    let from = MARGIN.saturating_sub(across).min(width);
    let to = (width + MARGIN).saturating_sub(across).clamp(from, width);
    let mut row = |y: usize| {
        let (start, source) = (y * width, (y + down).checked_sub(MARGIN).filter(|&source| source < height));
        let Some(source) = source.filter(|_| from < to) else { return plane[start..][..width].fill(V::default()) };
        let first = source * width + from + across - MARGIN;
        plane.copy_within(first..first + to - from, start + from);
        plane[start..start + from].fill(V::default());
        plane[start + to..start + width].fill(V::default());
    };
    // No row is overwritten before it was read.
    if down >= MARGIN { (0..height).for_each(&mut row) } else { (0..height).rev().for_each(&mut row) }
}

#[cfg(test)]
mod tests {
    use traipse_sweep::streams::{Philox, Purpose};

    use super::*;

    /// The same, pixel by pixel, from a copy with its margin around.
    fn plain(changes: &[Augment], draws: &mut Draws, shape: Shape, image: &[u8]) -> Vec<u8> {
        let Shape { channels, height, width } = shape;
        let mut image = image.to_vec();
        for change in changes {
            let before = image.clone();
            let pixel = |channel: usize, y: usize, x: usize| before[(channel * height + y) * width + x];
            let (down, across) = match change {
                Augment::Crop4 => (draws.below(9) as usize, draws.below(9) as usize),
                Augment::Flip => (draws.below(2) as usize, 0),
            };
            for channel in 0..channels {
                for y in 0..height {
                    for x in 0..width {
                        let (row, column) = (y + down, x + across);
                        let inside = (4..height + 4).contains(&row) && (4..width + 4).contains(&column);
                        image[(channel * height + y) * width + x] = match change {
                            Augment::Crop4 if inside => pixel(channel, row - 4, column - 4),
                            Augment::Crop4 => 0,
                            Augment::Flip if down == 1 => pixel(channel, y, width - 1 - x),
                            Augment::Flip => pixel(channel, y, x),
                        };
                    }
                }
            }
        }
        image
    }

    #[test]
    fn images_change_as_pixel_by_pixel() {
        let lists: [&[Augment]; 4] = [
            &[Augment::Crop4, Augment::Flip],
            &[Augment::Flip],
            &[Augment::Crop4],
            &[Augment::Flip, Augment::Crop4, Augment::Crop4],
        ];
        for (channels, height, width) in [(3, 6, 9), (1, 8, 8), (2, 3, 2), (1, 1, 5)] {
            let shape = Shape { channels, height, width };
            let image: Vec<u8> = (1..=shape.n_features()).map(|i| i as u8).collect();
            for position in 0..200 {
                let streams = Philox::new(5, Purpose::Augment);
                let (changes, mut found) = (lists[position as usize % 4], image.clone());
                change(changes, &mut streams.at_part(9, position), shape, &mut found);
                let wanted = plain(changes, &mut streams.at_part(9, position), shape, &image);
                assert_eq!(found, wanted, "{changes:?} of {shape}, position {position}");
            }
        }
    }
}
