//! DXF: lines on a plane. The third dimension is looked at from above; texts are shown as bars, since they are not read at
//! this size.

mod color;
mod curve;
mod flatten;
mod kind;
mod paint;

use std::collections::BTreeMap;
use std::io::Cursor;

use dxf::Drawing;

use super::{Drawn, Extents, Facts, unusable};
use crate::error::Result;
use flatten::Flattener;

/// Layers that are named; a drawing may have any number.
const MOST_LAYERS: usize = 1000;
const LONGEST_NAME: usize = 255;

pub fn draw(content: &[u8]) -> Result<Drawn> {
    let drawing = Drawing::load(&mut Cursor::new(content))
        .map_err(|error| unusable(format!("The DXF file is damaged: {error}")))?;
    let strokes = Flattener::new(&drawing).run()?;
    let around = paint::around(&strokes);
    if around.is_empty() {
        return Err(unusable(
            "The drawing shows nothing: it has no lines, arcs, texts or other entities that are drawn",
        ));
    }
    let facts = Facts::Drawing {
        entities: counted(&drawing),
        layers: layers(&drawing),
        extents: Extents { min: [around.min[0], around.min[1]], max: [around.max[0], around.max[1]] },
    };
    Ok(Drawn { png: paint::png(&strokes, &around)?, facts })
}

fn counted(drawing: &Drawing) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for entity in drawing.entities() {
        *counts.entry(kind::name(&entity.specific).to_owned()).or_insert(0) += 1;
    }
    counts
}

fn layers(drawing: &Drawing) -> Vec<String> {
    let mut names: Vec<String> =
        drawing.layers().map(|layer| layer.name.chars().take(LONGEST_NAME).collect()).collect();
    names.sort();
    names.dedup();
    names.truncate(MOST_LAYERS);
    names
}
