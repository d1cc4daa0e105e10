//! Points in space and what moves them. Pure.

pub type Point = [f64; 3];

pub fn dot(a: Point, b: Point) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub fn cross(a: Point, b: Point) -> Point {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub fn minus(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// None for a vector without a direction.
pub fn normalized(a: Point) -> Option<Point> {
    let length = dot(a, a).sqrt();
    (length > 0.0 && length.is_finite()).then(|| a.map(|part| part / length))
}

/// An affine map: three rows that are multiplied with `(x, y, z, 1)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine([[f64; 4]; 3]);

impl Affine {
    pub const IDENTITY: Self = Self([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]);

    /// From what the axes become and where the origin goes.
    pub fn of_axes(x: Point, y: Point, z: Point, origin: Point) -> Self {
        Self([0, 1, 2].map(|row| [x[row], y[row], z[row], origin[row]]))
    }

    pub fn translation(by: Point) -> Self {
        Self::of_axes([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], by)
    }

    pub fn scale(by: Point) -> Self {
        Self::of_axes([by[0], 0.0, 0.0], [0.0, by[1], 0.0], [0.0, 0.0, by[2]], [0.0; 3])
    }

    /// Around the z axis, in degrees.
    pub fn rotation(degrees: f64) -> Self {
        let (sine, cosine) = degrees.to_radians().sin_cos();
        Self::of_axes([cosine, sine, 0.0], [-sine, cosine, 0.0], [0.0, 0.0, 1.0], [0.0; 3])
    }

    /// First `inner`, then this.
    #[must_use]
    pub fn after(&self, inner: &Self) -> Self {
        let column = |at: usize| [inner.0[0][at], inner.0[1][at], inner.0[2][at]];
        Self(self.0.map(|row| {
            let linear = [row[0], row[1], row[2]];
            [0, 1, 2, 3].map(|at| dot(linear, column(at)) + if at == 3 { row[3] } else { 0.0 })
        }))
    }

    pub fn apply(&self, point: Point) -> Point {
        self.0.map(|row| dot([row[0], row[1], row[2]], point) + row[3])
    }
}

/// The smallest box along the axes around points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Box3 {
    pub min: Point,
    pub max: Point,
}

impl Box3 {
    /// Around nothing.
    pub const EMPTY: Self = Self { min: [f64::INFINITY; 3], max: [f64::NEG_INFINITY; 3] };

    pub fn add(&mut self, point: Point) {
        self.min = [0, 1, 2].map(|axis| self.min[axis].min(point[axis]));
        self.max = [0, 1, 2].map(|axis| self.max[axis].max(point[axis]));
    }

    pub fn is_empty(&self) -> bool {
        self.min[0] > self.max[0]
    }

    pub fn size(&self) -> Point {
        minus(self.max, self.min)
    }

    pub fn center(&self) -> Point {
        [0, 1, 2].map(|axis| self.min[axis] + (self.max[axis] - self.min[axis]) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: Point, b: Point) -> bool {
        minus(a, b).iter().all(|difference| difference.abs() < 1e-9)
    }

    #[test]
    fn maps_are_applied_from_the_inside_out() {
        let both = Affine::translation([10.0, 0.0, 0.0]).after(&Affine::rotation(90.0));
        assert!(near(both.apply([1.0, 0.0, 5.0]), [10.0, 1.0, 5.0]));
        let other = Affine::rotation(90.0).after(&Affine::translation([10.0, 0.0, 0.0]));
        assert!(near(other.apply([1.0, 0.0, 5.0]), [0.0, 11.0, 5.0]));
    }

    #[test]
    fn a_box_grows_with_its_points() {
        let mut around = Box3::EMPTY;
        assert!(around.is_empty());
        around.add([1.0, 2.0, 3.0]);
        around.add([-1.0, 2.0, 5.0]);
        assert_eq!((around.size(), around.center()), ([2.0, 0.0, 2.0], [0.0, 2.0, 4.0]));
    }

    #[test]
    fn what_has_no_length_has_no_direction() {
        assert_eq!(normalized([0.0; 3]), None);
        assert_eq!(normalized([0.0, 3.0, 0.0]), Some([0.0, 1.0, 0.0]));
    }
}
