//! The first page of a PDF.

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::page::Page;
use hayro::hayro_syntax::{LoadPdfError, Pdf};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings};

use super::{Drawn, Facts, LONGEST_SIDE, canvas, unusable};
use crate::error::Result;

const POINTS_PER_INCH: f64 = 72.0;
const MM_PER_INCH: f64 = 25.4;
/// A small page is not blown up further than this.
const MOST_ENLARGED: f64 = 4.0;
/// Larger than anything that is printed: about 350 metres.
const LONGEST_SIDE_IN_POINTS: f64 = 1_000_000.0;

pub fn draw(content: Vec<u8>) -> Result<Drawn> {
    let pdf = Pdf::new(content).map_err(|error| match error {
        LoadPdfError::Decryption(_) => unusable("The PDF is protected by a password"),
        LoadPdfError::Invalid => unusable("The PDF is damaged or no PDF"),
    })?;
    let pages = pdf.pages();
    let page = pages.first().ok_or_else(|| unusable("The PDF has no pages"))?;
    let (width, height) = page.render_dimensions();
    let (width, height) = (f64::from(width), f64::from(height));
    if width.max(height) > LONGEST_SIDE_IN_POINTS {
        return Err(unusable("The first page of the PDF has no usable size"));
    }
    let scale = canvas::scale_to_fit(width, height, f64::from(LONGEST_SIDE), MOST_ENLARGED)?;
    let millimetres = |points: f64| (points / POINTS_PER_INCH * MM_PER_INCH * 100.0).round() / 100.0;
    let facts = Facts::Document {
        pages: u64::try_from(pages.len()).unwrap_or(u64::MAX),
        page_width_mm: millimetres(width),
        page_height_mm: millimetres(height),
    };
    Ok(Drawn { png: paint(page, width, height, scale)?, facts })
}

fn paint<'a>(page: &'a Page<'a>, width: f64, height: f64, scale: f64) -> Result<Vec<u8>> {
    // At least one pixel along each side; the renderer cuts the fraction off.
    let stretched = |side: f64| (((side * scale).round().max(1.0) + 0.01) / side) as f32;
    let settings = PixmapSettings { x_scale: stretched(width), y_scale: stretched(height), bg_color: WHITE };
    let cache = RenderCache::new();
    let drawn = hayro::render(page, &cache, &InterpreterSettings::default(), &RenderSettings::default(), &settings);
    let pixels = canvas::without_alpha(drawn.data_as_u8_slice());
    canvas::png(drawn.width().into(), drawn.height().into(), pixels)
}
