//! Strokes to pixels.

use std::collections::BTreeMap;

use tiny_skia::{Color, LineCap, LineJoin, Paint, PathBuilder, Pixmap, Stroke as Pen, Transform};

use super::super::canvas::{self, BACKGROUND};
use super::super::geometry::Box3;
use super::super::{LONGEST_SIDE, unusable};
use super::color::Rgb;
use super::flatten::Stroke;
use crate::error::Result;

/// In pixels.
const LINE_WIDTH: f32 = 1.3;

pub fn around(strokes: &[Stroke]) -> Box3 {
    let mut around = Box3::EMPTY;
    strokes.iter().flat_map(|stroke| &stroke.points).for_each(|point| around.add(*point));
    around
}

/// As high as it is wide, or less: the picture has the proportions of the drawing.
pub fn png(strokes: &[Stroke], around: &Box3) -> Result<Vec<u8>> {
    let longest = f64::from(LONGEST_SIDE);
    let margin = canvas::margin(longest);
    let [width, height, _] = around.size();
    let scale = if width.max(height) == 0.0 {
        1.0
    } else {
        canvas::scale_to_fit(width, height, longest - 2.0 * margin, f64::MAX)?
    };
    let pixels = |side: f64| (side * scale + 2.0 * margin).round().clamp(1.0, longest) as u32;
    let (columns, rows) = (pixels(width), pixels(height));
    let mut pixmap = Pixmap::new(columns, rows).ok_or_else(|| unusable("The drawing has no usable size"))?;
    let [red, green, blue] = BACKGROUND;
    pixmap.fill(Color::from_rgba8(red, green, blue, u8::MAX));
    let at = |[x, y, _]: [f64; 3]| {
        let across = margin + (x - around.min[0]) * scale;
        let down = margin + (around.max[1] - y) * scale;
        (across as f32, down as f32)
    };
    let mut paths: BTreeMap<Rgb, PathBuilder> = BTreeMap::new();
    for stroke in strokes {
        let path = paths.entry(stroke.color).or_default();
        let mut points = stroke.points.iter().map(|point| at(*point));
        if let Some((x, y)) = points.next() {
            path.move_to(x, y);
            // A line without a length is a dot, being round at its ends.
            path.line_to(x, y);
        }
        points.for_each(|(x, y)| path.line_to(x, y));
    }
    let pen = Pen { width: LINE_WIDTH, line_cap: LineCap::Round, line_join: LineJoin::Round, ..Pen::default() };
    for ([red, green, blue], path) in paths {
        let Some(path) = path.finish() else { continue };
        let mut paint = Paint::default();
        paint.set_color_rgba8(red, green, blue, u8::MAX);
        pixmap.stroke_path(&path, &paint, &pen, Transform::identity(), None);
    }
    canvas::png(columns, rows, canvas::without_alpha(pixmap.data()))
}
