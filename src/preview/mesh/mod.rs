//! Surfaces of triangles: read by format, counted and drawn alike.

pub mod gltf;
pub mod obj;
mod raster;
pub mod stl;
mod view;

use super::geometry::{Box3, Point};
use super::{Drawn, Facts, unusable};
use crate::error::Result;
use view::View;

/// Which axis points to the sky.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Up {
    Y,
    Z,
}

/// The corners of a triangle.
type Triangle = [Point; 3];

/// A surface that can be gone through more than once, so that nobody has to hold all of it in one form.
trait Surface {
    fn each(&self, visit: &mut dyn FnMut(Triangle)) -> Result<()>;

    /// None where it takes too much to count them.
    fn vertices(&self) -> Option<u64>;

    fn up(&self) -> Up;
}

fn draw(surface: &dyn Surface) -> Result<Drawn> {
    let (mut triangles, mut around) = (0u64, Box3::EMPTY);
    surface.each(&mut |triangle| {
        triangles += 1;
        if is_finite(&triangle) {
            triangle.into_iter().for_each(|corner| around.add(corner));
        }
    })?;
    if around.is_empty() {
        return Err(unusable(match triangles {
            0 => "The model contains no triangles",
            _ => "The model contains no triangle whose corners are numbers",
        }));
    }
    let view = View::of(surface.up(), &around)?;
    let mut raster = raster::Raster::default();
    surface.each(&mut |triangle| {
        if is_finite(&triangle) {
            raster.triangle(triangle.map(|corner| view.project(corner)));
        }
    })?;
    let facts = Facts::Mesh { triangles, vertices: surface.vertices(), size: around.size() };
    Ok(Drawn { png: raster.png()?, facts })
}

fn is_finite(triangle: &Triangle) -> bool {
    triangle.iter().flatten().all(|part| part.is_finite())
}
