//! Small pictures of files, and the facts that can be told while drawing them.
//!
//! What is drawn was made by strangers, so nobody calls [`draw`] in a process that matters: [`Renderer`] runs it in a
//! process of its own, with little memory, little time and nothing to find. What a file is for, who may see it and where
//! its picture is kept do not belong here.

mod canvas;
mod drawing;
mod facts;
mod fence;
mod format;
mod geometry;
mod mesh;
mod page;
mod picture;
mod renderer;
mod wire;

pub use facts::{Extents, Facts};
pub use fence::{Bounds, serve};
pub use format::{Format, PREVIEW_FORMATS};
pub use renderer::Renderer;

use crate::error::{Error, Result};

/// The longest side of a picture, in pixels.
pub const LONGEST_SIDE: u32 = 512;

/// A picture and what was learned on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// At most [`LONGEST_SIDE`] wide and high.
    pub png: Vec<u8>,
    pub facts: Facts,
}

/// Draws a content in the calling process. Only for the process that is fenced in, and for tests.
///
/// # Errors
/// `BadRequest` with what is wrong with the content, in a sentence. Panics, endless loops and an end of memory are possible:
/// the libraries that read these formats do not promise otherwise.
pub fn draw(content: Vec<u8>, format: Format) -> Result<Drawn> {
    if content.is_empty() {
        return Err(unusable("The file is empty"));
    }
    match format {
        Format::Pdf => page::draw(content),
        Format::Stl => mesh::stl::draw(content),
        Format::Obj => mesh::obj::draw(&content),
        Format::Gltf | Format::Glb => mesh::gltf::draw(&content),
        Format::Dxf => drawing::draw(&content),
        Format::Png | Format::Jpeg | Format::Gif | Format::Webp | Format::Bmp | Format::Tiff => {
            picture::draw(&content, format)
        }
    }
}

/// No repetition mends it.
fn unusable(reason: impl Into<String>) -> Error {
    Error::bad_request(reason)
}

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod draw_tests;
#[cfg(test)]
#[path = "../../tests/it/support/samples.rs"]
mod samples;
