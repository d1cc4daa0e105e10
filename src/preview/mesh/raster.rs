//! Triangles to pixels: a depth for each, flat shading, every pixel the mean of four.

use super::super::canvas::{self, BACKGROUND};
use super::super::geometry::{Point, cross, dot, minus, normalized};
use super::super::{LONGEST_SIDE, unusable};
use super::Triangle;
use crate::error::Result;

/// Samples along a side, two for each pixel of the picture.
pub const SIDE: usize = 2 * LONGEST_SIDE as usize;

/// Where the light comes from: the upper left, and behind who looks.
const LIGHT: Point = [-0.35, -0.55, 0.758];
/// What a surface that the light only grazes still shows.
const AMBIENT: f64 = 0.28;
const COLOR: [f64; 3] = [126.0, 150.0, 184.0];
const LIGHTEST: f64 = 1.2;

pub struct Raster {
    /// Of the nearest surface at each sample.
    depth: Vec<f32>,
    /// How light it is there; 0 is the background.
    light: Vec<u8>,
}

impl Default for Raster {
    fn default() -> Self {
        Self { depth: vec![f32::NEG_INFINITY; SIDE * SIDE], light: vec![0; SIDE * SIDE] }
    }
}

impl Raster {
    /// Corners in samples from the upper left; both sides of a triangle are seen.
    pub fn triangle(&mut self, [a, b, c]: Triangle) {
        let normal = cross(minus(b, a), minus(c, a));
        let Some(direction) = normalized(normal) else { return };
        let light = AMBIENT + (1.0 - AMBIENT) * dot(direction, LIGHT).abs();
        let light = (light * 254.0) as u8 + 1;
        let (left, right) = samples([a[0], b[0], c[0]]);
        let (top, bottom) = samples([a[1], b[1], c[1]]);
        // Seen from the edge, or too small to hold the middle of a sample: it is not lost but shown as one.
        if normal[2] == 0.0 || left > right || top > bottom {
            return self.dot([0, 1, 2].map(|axis| (a[axis] + b[axis] + c[axis]) / 3.0), light);
        }
        let mut hit = false;
        for row in top..=bottom {
            for column in left..=right {
                let [x, y] = [column as f64 + 0.5, row as f64 + 0.5];
                let [of_a, of_b, of_c] = [edge(b, c, x, y), edge(c, a, x, y), edge(a, b, x, y)].map(|e| e / normal[2]);
                if of_a >= 0.0 && of_b >= 0.0 && of_c >= 0.0 {
                    hit = true;
                    self.set(column, row, of_a * a[2] + of_b * b[2] + of_c * c[2], light);
                }
            }
        }
        if !hit {
            self.dot([0, 1, 2].map(|axis| (a[axis] + b[axis] + c[axis]) / 3.0), light);
        }
    }

    fn dot(&mut self, [x, y, depth]: Point, light: u8) {
        let inside = |at: f64| (0.0..SIDE as f64).contains(&at).then_some(at as usize);
        if let (Some(column), Some(row)) = (inside(x), inside(y)) {
            self.set(column, row, depth, light);
        }
    }

    fn set(&mut self, column: usize, row: usize, depth: f64, light: u8) {
        let at = row * SIDE + column;
        if depth as f32 > self.depth[at] {
            self.depth[at] = depth as f32;
            self.light[at] = light;
        }
    }

    pub fn png(&self) -> Result<Vec<u8>> {
        if self.light.iter().all(|light| *light == 0) {
            return Err(unusable("The model has no surface: its triangles are lines or points"));
        }
        let half = SIDE / 2;
        let mut pixels = Vec::with_capacity(half * half * 3);
        for row in 0..half {
            for column in 0..half {
                let first = row * 2 * SIDE + column * 2;
                let four = [first, first + 1, first + SIDE, first + SIDE + 1].map(|at| color(self.light[at]));
                pixels.extend([0, 1, 2].map(|part| (four.iter().map(|color| color[part]).sum::<f64>() / 4.0) as u8));
            }
        }
        canvas::png(LONGEST_SIDE, LONGEST_SIDE, pixels)
    }
}

/// Twice the area between an edge and a point, with the sign of the side.
fn edge(from: Point, to: Point, x: f64, y: f64) -> f64 {
    (to[0] - from[0]) * (y - from[1]) - (to[1] - from[1]) * (x - from[0])
}

/// The first and the last sample whose middle may lie between these. The first is after the last where there is none.
fn samples(corners: [f64; 3]) -> (usize, usize) {
    let low = corners.into_iter().fold(f64::INFINITY, f64::min);
    let high = corners.into_iter().fold(f64::NEG_INFINITY, f64::max);
    let last = SIDE as f64 - 1.0;
    ((low - 0.5).ceil().clamp(0.0, last + 1.0) as usize, (high - 0.5).floor().clamp(0.0, last) as usize)
}

fn color(light: u8) -> [f64; 3] {
    match light {
        0 => BACKGROUND.map(f64::from),
        light => COLOR.map(|part| (part * LIGHTEST * f64::from(light) / 255.0).min(255.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lit(raster: &Raster) -> usize {
        raster.light.iter().filter(|light| **light > 0).count()
    }

    fn at(raster: &Raster, column: usize, row: usize) -> f32 {
        raster.depth[row * SIDE + column]
    }

    #[test]
    fn a_triangle_covers_its_area() {
        let mut raster = Raster::default();
        raster.triangle([[100.0, 100.0, 0.0], [300.0, 100.0, 0.0], [100.0, 300.0, 0.0]]);
        let covered = lit(&raster);
        assert!((19_800..=20_300).contains(&covered), "{covered}");
    }

    #[test]
    fn the_nearer_surface_is_seen_in_any_order() {
        let near = [[0.0, 0.0, 5.0], [50.0, 0.0, 5.0], [0.0, 50.0, 5.0]];
        let far = near.map(|[x, y, _]| [x, y, 1.0]);
        for order in [[near, far], [far, near]] {
            let mut raster = Raster::default();
            order.into_iter().for_each(|triangle| raster.triangle(triangle));
            assert_eq!(at(&raster, 10, 10), 5.0);
        }
    }

    #[test]
    fn both_sides_and_the_smallest_triangles_are_seen() {
        let mut raster = Raster::default();
        raster.triangle([[10.0, 10.0, 0.0], [10.0, 20.0, 0.0], [20.0, 10.0, 0.0]]);
        let covered = lit(&raster);
        raster.triangle([[50.6, 50.6, 0.0], [50.7, 50.6, 0.0], [50.6, 50.7, 0.0]]);
        assert_eq!(lit(&raster), covered + 1);
    }

    #[test]
    fn what_is_outside_or_flat_is_left_out() {
        let mut raster = Raster::default();
        raster.triangle([[-50.0, -50.0, 0.0], [-10.0, -50.0, 0.0], [-50.0, -10.0, 0.0]]);
        raster.triangle([[5e9, 5e9, 0.0], [6e9, 5e9, 0.0], [5e9, 6e9, 0.0]]);
        raster.triangle([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [9.0, 9.0, 0.0]]);
        assert_eq!(lit(&raster), 0);
        assert!(raster.png().is_err());
    }

    #[test]
    fn a_triangle_larger_than_the_raster_fills_it() {
        let mut raster = Raster::default();
        raster.triangle([[-9e5, -9e5, 0.0], [9e5, -9e5, 0.0], [0.0, 9e5, 0.0]]);
        assert_eq!(lit(&raster), SIDE * SIDE);
    }
}
