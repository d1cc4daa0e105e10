//! The picture that everything ends as.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};

use super::unusable;
use crate::error::{Error, Result};

/// What is behind and around, as red, green and blue: plain and light.
pub const BACKGROUND: [u8; 3] = [250, 250, 250];

/// Of `side` pixels the part that is left free at each edge of models and drawings.
pub fn margin(side: f64) -> f64 {
    side / 24.0
}

/// How much a content of this size is shrunk to fit; never enlarged beyond `most`.
pub fn scale_to_fit(width: f64, height: f64, side: f64, most: f64) -> Result<f64> {
    let longest = width.max(height);
    let scale = side / longest;
    if !(longest.is_finite() && longest > 0.0 && scale.is_finite() && scale > 0.0) {
        return Err(unusable("The content has no size that could be drawn"));
    }
    Ok(scale.min(most))
}

/// Rows of opaque pixels, red, green and blue, as a PNG.
pub fn png(width: u32, height: u32, pixels: Vec<u8>) -> Result<Vec<u8>> {
    let image = RgbImage::from_raw(width, height, pixels).ok_or_else(|| Error::internal("A picture lacks pixels"))?;
    let mut written = Cursor::new(Vec::new());
    image
        .write_to(&mut written, ImageFormat::Png)
        .map_err(|error| Error::internal("A picture cannot be written").caused_by(error))?;
    Ok(written.into_inner())
}

/// Drops the last of four channels of opaque pixels.
pub fn without_alpha(pixels: &[u8]) -> Vec<u8> {
    pixels.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
}
