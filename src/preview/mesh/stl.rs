//! STL, binary and text.

use std::io::{Cursor, Error as IoError};

use stl_io::create_stl_reader;

use super::super::{Drawn, unusable};
use super::{Surface, Triangle, Up};
use crate::error::{Error, Result};

/// Of a binary file: a free text, the number of triangles, and each of them.
const HEADER: usize = 80;
const COUNT: usize = 4;
const RECORD: usize = 50;
/// Above this many triangles their corners are not told apart.
const MOST_COUNTED: u64 = 4_000_000;

pub fn draw(mut content: Vec<u8>) -> Result<Drawn> {
    // Some programs begin the free text of a binary file with the word that begins a text file.
    if is_binary(&content) {
        content[0] = 0;
    } else if !content.starts_with(b"solid") {
        return Err(unusable("The STL file is damaged: its length does not fit the number of triangles that it names"));
    }
    let mut model = Stl { content, vertices: None };
    model.vertices = model.count_vertices()?;
    super::draw(&model)
}

/// The length says it for certain; bytes after the last triangle are left alone.
fn is_binary(content: &[u8]) -> bool {
    let Some(count) = content.get(HEADER..HEADER + COUNT).and_then(|bytes| bytes.try_into().ok()) else { return false };
    let named = HEADER + COUNT + RECORD.saturating_mul(u32::from_le_bytes(count) as usize);
    named == content.len() || (named < content.len() && !content.starts_with(b"solid"))
}

struct Stl {
    content: Vec<u8>,
    vertices: Option<u64>,
}

impl Stl {
    /// The format repeats a corner for each triangle that it is part of.
    fn count_vertices(&self) -> Result<Option<u64>> {
        let mut triangles = 0u64;
        self.each(&mut |_| triangles += 1)?;
        if triangles > MOST_COUNTED {
            return Ok(None);
        }
        let mut corners: Vec<[u64; 3]> = Vec::new();
        // Adding nothing makes one of the two zeros.
        self.each(&mut |triangle| corners.extend(triangle.map(|corner| corner.map(|part| (part + 0.0).to_bits()))))?;
        corners.sort_unstable();
        corners.dedup();
        Ok(u64::try_from(corners.len()).ok())
    }
}

impl Surface for Stl {
    fn each(&self, visit: &mut dyn FnMut(Triangle)) -> Result<()> {
        let mut reader = Cursor::new(&self.content);
        for triangle in create_stl_reader(&mut reader).map_err(damaged)? {
            visit(triangle.map_err(damaged)?.vertices.map(|corner| corner.0.map(f64::from)));
        }
        Ok(())
    }

    fn vertices(&self) -> Option<u64> {
        self.vertices
    }

    fn up(&self) -> Up {
        Up::Z
    }
}

fn damaged(error: IoError) -> Error {
    unusable(format!("The STL file is damaged: {error}"))
}
