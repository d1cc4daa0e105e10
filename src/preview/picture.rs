//! Pictures of pixels, made smaller.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgba};

use super::canvas::{self, BACKGROUND};
use super::{Drawn, Facts, Format, LONGEST_SIDE, unusable};
use crate::error::{Error, Result};

/// The longest side that is decoded, in pixels.
const MOST_PIXELS_A_SIDE: u32 = 65_535;
/// What a decoder may take: enough for 100 megapixels of four channels.
const MOST_MEMORY: u64 = 640 * 1024 * 1024;

pub fn draw(content: &[u8], format: Format) -> Result<Drawn> {
    let mut reader = ImageReader::with_format(Cursor::new(content), codec(format)?);
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MOST_PIXELS_A_SIDE);
    limits.max_image_height = Some(MOST_PIXELS_A_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refusal)?;
    let orientation = decoder.orientation().map_err(refusal)?;
    if decoder.total_bytes() > MOST_MEMORY {
        let (width, height) = decoder.dimensions();
        return Err(too_large(&format!("of {width} x {height} pixels")));
    }
    let mut image = DynamicImage::from_decoder(decoder).map_err(refusal)?;
    image.apply_orientation(orientation);
    let facts = Facts::Image { width: image.width(), height: image.height() };
    let small = if image.width().max(image.height()) > LONGEST_SIDE {
        image.thumbnail(LONGEST_SIDE, LONGEST_SIDE)
    } else {
        image
    };
    let small = small.into_rgba8();
    let pixels = small.pixels().flat_map(on_background).collect();
    Ok(Drawn { png: canvas::png(small.width(), small.height(), pixels)?, facts })
}

/// What shines through is the background.
fn on_background(Rgba([red, green, blue, alpha]): &Rgba<u8>) -> [u8; 3] {
    let mix = |channel: u8, behind: u8| {
        let alpha = u16::from(*alpha);
        u8::try_from((u16::from(channel) * alpha + u16::from(behind) * (255 - alpha)) / 255).unwrap_or(u8::MAX)
    };
    let [behind_red, behind_green, behind_blue] = BACKGROUND;
    [mix(*red, behind_red), mix(*green, behind_green), mix(*blue, behind_blue)]
}

fn codec(format: Format) -> Result<ImageFormat> {
    ImageFormat::from_extension(format.as_str())
        .ok_or_else(|| Error::internal(format!("{format} is not a format of pictures")))
}

fn too_large(what: &str) -> Error {
    unusable(format!("The image {what} is too large to be drawn; the limit is about 160 megapixels"))
}

fn refusal(error: ImageError) -> Error {
    let reason = match &error {
        ImageError::Limits(_) => return too_large("").caused_by(error),
        ImageError::Unsupported(_) => "The image is of a variant that cannot be read",
        _ => "The image is damaged",
    };
    unusable(format!("{reason}: {error}"))
}
