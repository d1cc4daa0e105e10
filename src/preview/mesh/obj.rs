//! Wavefront OBJ. Materials, which stand in other files, are not looked for.

use std::io::Cursor;

use tobj::{LoadError, LoadOptions, Model};

use super::super::{Drawn, unusable};
use super::{Surface, Triangle, Up};
use crate::error::Result;

pub fn draw(content: &[u8]) -> Result<Drawn> {
    let options = LoadOptions { triangulate: true, ignore_points: true, ignore_lines: true, ..LoadOptions::default() };
    let (models, _) = tobj::load_obj_buf(&mut Cursor::new(content), &options, |_| Err(LoadError::GenericFailure))
        .map_err(|error| unusable(format!("The OBJ file is damaged: {error}")))?;
    super::draw(&Obj(models))
}

struct Obj(Vec<Model>);

impl Surface for Obj {
    fn each(&self, visit: &mut dyn FnMut(Triangle)) -> Result<()> {
        for mesh in self.0.iter().map(|model| &model.mesh) {
            let corner = |index: &u32| {
                let start = usize::try_from(*index).ok()?.checked_mul(3)?;
                mesh.positions.get(start..start + 3).map(|at| [at[0], at[1], at[2]].map(f64::from))
            };
            for triangle in mesh.indices.chunks_exact(3) {
                let (Some(a), Some(b), Some(c)) = (corner(&triangle[0]), corner(&triangle[1]), corner(&triangle[2]))
                else {
                    return Err(unusable("The OBJ file is damaged: a face names a vertex that is not there"));
                };
                visit([a, b, c]);
            }
        }
        Ok(())
    }

    fn vertices(&self) -> Option<u64> {
        let count = |model: &Model| u64::try_from(model.mesh.positions.len() / 3).unwrap_or(u64::MAX);
        Some(self.0.iter().map(count).fold(0, u64::saturating_add))
    }

    fn up(&self) -> Up {
        Up::Y
    }
}
