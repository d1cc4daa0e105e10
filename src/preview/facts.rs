//! What can be told of a file that was drawn.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// By kind of content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Facts {
    /// In pixels, as it is shown: turned as the camera says.
    Image { width: u32, height: u32 },
    /// A document of pages; the size is that of the first.
    Document { pages: u64, page_width_mm: f64, page_height_mm: f64 },
    Mesh {
        triangles: u64,
        /// Not counted for large meshes of formats that do not say it.
        vertices: Option<u64>,
        /// Of the box along the axes, in units of the file.
        size: [f64; 3],
    },
    Drawing {
        /// How many there are of each kind; what a block consists of is counted with neither the block nor its insertions.
        entities: BTreeMap<String, u64>,
        layers: Vec<String>,
        /// Of what is drawn, in units of the file.
        extents: Extents,
    },
}

/// The lower left and the upper right corner.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Extents {
    pub min: [f64; 2],
    pub max: [f64; 2],
}
