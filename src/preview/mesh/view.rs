//! Where a model is looked at from: isometric, from the front, the right and above.

use super::super::canvas;
use super::super::geometry::{Box3, Point, dot, minus};
use super::Up;
use super::raster::SIDE;
use crate::error::Result;

/// Turns the model's space into that of the raster: x to the right, y down, both in pixels, z towards who looks.
#[derive(Debug)]
pub struct View {
    up: Up,
    center: Point,
    scale: f64,
    middle: Point,
}

impl View {
    /// Around all corners of the box the whole model is seen.
    pub fn of(up: Up, around: &Box3) -> Result<Self> {
        let unscaled = Self { up, center: around.center(), scale: 1.0, middle: [0.0; 3] };
        let mut seen = Box3::EMPTY;
        for corner in 0..8 {
            let pick = |axis: usize| if corner >> axis & 1 == 0 { around.min[axis] } else { around.max[axis] };
            seen.add(unscaled.project([pick(0), pick(1), pick(2)]));
        }
        let side = SIDE as f64;
        let [width, height, _] = seen.size();
        let scale = canvas::scale_to_fit(width, height, side - 2.0 * canvas::margin(side), f64::MAX)?;
        Ok(Self { scale, middle: [side / 2.0, side / 2.0, 0.0], ..unscaled })
    }

    pub fn project(&self, point: Point) -> Point {
        let [x, y, z] = minus(point, self.center);
        // The third axis is the one that points up.
        let point = match self.up {
            Up::Z => [x, y, z],
            Up::Y => [x, -z, y],
        };
        let (two, three, six) = (2f64.sqrt(), 3f64.sqrt(), 6f64.sqrt());
        let right = [1.0 / two, 1.0 / two, 0.0];
        let down = [1.0 / six, -1.0 / six, -2.0 / six];
        let towards = [1.0 / three, -1.0 / three, 1.0 / three];
        let seen = [dot(point, right), dot(point, down), dot(point, towards)];
        [0, 1, 2].map(|axis| self.middle[axis] + seen[axis] * self.scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cube() -> Box3 {
        Box3 { min: [0.0; 3], max: [10.0; 3] }
    }

    #[test]
    fn up_is_up_and_the_front_is_near() {
        let view = View::of(Up::Z, &cube()).unwrap();
        assert!(view.project([5.0, 5.0, 10.0])[1] < view.project([5.0, 5.0, 0.0])[1]);
        assert!(view.project([5.0, 0.0, 5.0])[2] > view.project([5.0, 10.0, 5.0])[2]);
        let view = View::of(Up::Y, &cube()).unwrap();
        assert!(view.project([5.0, 10.0, 5.0])[1] < view.project([5.0, 0.0, 5.0])[1]);
        assert!(view.project([5.0, 5.0, 10.0])[2] > view.project([5.0, 5.0, 0.0])[2]);
    }

    #[test]
    fn all_of_it_is_seen() {
        for size in [1e-6, 1.0, 1e9] {
            let view = View::of(Up::Z, &Box3 { min: [-size, 0.0, 0.0], max: [size, size, size * 3.0] }).unwrap();
            for corner in [[-size, 0.0, 0.0], [size, size, size * 3.0], [size, 0.0, 0.0], [-size, size, 0.0]] {
                let [x, y, _] = view.project(corner);
                assert!((0.0..SIDE as f64).contains(&x) && (0.0..SIDE as f64).contains(&y), "{size}: {x} {y}");
            }
        }
    }

    #[test]
    fn a_point_has_no_view() {
        assert!(View::of(Up::Z, &Box3 { min: [1.0; 3], max: [1.0; 3] }).is_err());
    }
}
