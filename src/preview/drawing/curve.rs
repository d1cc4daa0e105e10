//! Curves as points that are near enough. Pure.

use std::f64::consts::TAU;

use super::super::geometry::Point;

/// Pieces of a whole circle.
const PIECES: f64 = 96.0;
const MOST_SPLINE_PIECES: usize = 1024;
const MOST_DEGREE: usize = 16;

/// From an angle on for an angle, in radians. `x` and `y` lead from the center to where 0 and a quarter turn are.
pub fn ellipse(center: Point, x: Point, y: Point, from: f64, sweep: f64) -> Vec<Point> {
    if !(from.is_finite() && sweep.is_finite()) {
        return Vec::new();
    }
    let sweep = sweep.clamp(-TAU, TAU);
    let pieces = (sweep.abs() / TAU * PIECES).ceil().max(2.0);
    let at = |piece: usize| {
        let (sine, cosine) = (from + sweep * piece as f64 / pieces).sin_cos();
        [0, 1, 2].map(|axis| center[axis] + x[axis] * cosine + y[axis] * sine)
    };
    (0..=pieces as usize).map(at).collect()
}

/// Counter-clockwise in a plane of constant height, in degrees.
pub fn arc(center: Point, radius: f64, from: f64, to: f64) -> Vec<Point> {
    let mut sweep = (to - from).to_radians().rem_euclid(TAU);
    if sweep == 0.0 {
        sweep = TAU;
    }
    ellipse(center, [radius, 0.0, 0.0], [0.0, radius, 0.0], from.to_radians(), sweep)
}

/// What lies between two corners of a polyline, without the first: a bulge is the tangent of a quarter of the arc's angle.
pub fn bulged(from: Point, to: Point, bulge: f64) -> Vec<Point> {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let chord = dx.hypot(dy);
    if bulge.abs() < 1e-9 || !bulge.is_finite() || chord == 0.0 {
        return vec![to];
    }
    let sweep = 4.0 * bulge.atan();
    // From the middle of the chord to the center, across the chord.
    let across = (1.0 - bulge * bulge) / (4.0 * bulge);
    let center = [(from[0] + to[0]) / 2.0 - dy * across, (from[1] + to[1]) / 2.0 + dx * across, from[2]];
    let (x, y) = (from[0] - center[0], from[1] - center[1]);
    let mut points = ellipse(center, [x, y, 0.0], [-y, x, 0.0], 0.0, sweep);
    points.remove(0);
    points
}

/// A B-spline by de Boor's algorithm, rational where there are weights. None where knots and control points do not fit.
pub fn spline(degree: usize, knots: &[f64], control: &[Point], weights: &[f64]) -> Option<Vec<Point>> {
    let fits = (1..=MOST_DEGREE).contains(&degree)
        && control.len() > degree
        && knots.len() == control.len() + degree + 1
        && knots.is_sorted()
        && knots.iter().all(|knot| knot.is_finite());
    if !fits {
        return None;
    }
    let (first, last) = (knots[degree], knots[control.len()]);
    let pieces = (control.len() * 8).clamp(16, MOST_SPLINE_PIECES);
    let at =
        |piece: usize| de_boor(degree, knots, control, weights, first + (last - first) * piece as f64 / pieces as f64);
    Some((0..=pieces).map(at).collect())
}

fn de_boor(degree: usize, knots: &[f64], control: &[Point], weights: &[f64], t: f64) -> Point {
    // The last span that begins at or before t and is not empty.
    let after = knots[degree..control.len()].partition_point(|knot| *knot <= t).max(1);
    let span = degree + after - 1;
    let weight = |at: usize| weights.get(at).copied().unwrap_or(1.0);
    let mut points: Vec<[f64; 4]> = (span - degree..=span)
        .map(|at| {
            let [x, y, z] = control[at].map(|part| part * weight(at));
            [x, y, z, weight(at)]
        })
        .collect();
    for level in 1..=degree {
        for at in (level..=degree).rev() {
            let knot = span - degree + at;
            let width = knots[knot + degree + 1 - level] - knots[knot];
            let share = if width > 0.0 { (t - knots[knot]) / width } else { 0.0 };
            points[at] = [0, 1, 2, 3].map(|part| (1.0 - share) * points[at - 1][part] + share * points[at][part]);
        }
    }
    let [x, y, z, w] = points[degree];
    [x / w, y / w, z / w]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: Point, b: [f64; 2]) -> bool {
        (a[0] - b[0]).abs() < 1e-9 && (a[1] - b[1]).abs() < 1e-9
    }

    #[test]
    fn arcs_run_counter_clockwise_over_zero() {
        let points = arc([0.0; 3], 2.0, 270.0, 90.0);
        assert!(near(points[0], [0.0, -2.0]) && near(*points.last().unwrap(), [0.0, 2.0]));
        assert!(points.iter().all(|point| point[0] > -1e-9));
    }

    #[test]
    fn a_bulge_of_one_is_half_a_circle_to_the_right() {
        let points = bulged([0.0; 3], [2.0, 0.0, 0.0], 1.0);
        assert!(near(*points.last().unwrap(), [2.0, 0.0]));
        let lowest = points.iter().map(|point| point[1]).fold(0.0, f64::min);
        assert!((lowest + 1.0).abs() < 1e-3, "{lowest}");
        assert_eq!(bulged([0.0; 3], [2.0, 0.0, 0.0], 0.0), [[2.0, 0.0, 0.0]]);
    }

    #[test]
    fn a_spline_meets_its_ends_and_keeps_within_its_control_points() {
        let control = [[0.0, 0.0, 0.0], [1.0, 2.0, 0.0], [3.0, 2.0, 0.0], [4.0, 0.0, 0.0]];
        let points = spline(3, &[0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0], &control, &[]).unwrap();
        assert!(near(points[0], [0.0, 0.0]) && near(*points.last().unwrap(), [4.0, 0.0]));
        assert!(near(points[points.len() / 2], [2.0, 1.5]));
    }

    #[test]
    fn a_rational_spline_is_a_quarter_of_a_circle() {
        let control = [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]];
        let weights = [1.0, std::f64::consts::FRAC_1_SQRT_2, 1.0];
        let points = spline(2, &[0.0, 0.0, 0.0, 1.0, 1.0, 1.0], &control, &weights).unwrap();
        assert!(points.iter().all(|[x, y, _]| (x.hypot(*y) - 1.0).abs() < 1e-9));
    }

    #[test]
    fn a_spline_whose_parts_do_not_fit_is_none() {
        let control = [[0.0; 3]; 4];
        assert_eq!(spline(3, &[0.0; 7], &control, &[]), None);
        assert_eq!(spline(0, &[0.0; 5], &control, &[]), None);
        assert_eq!(spline(3, &[0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.5], &control, &[]), None);
        assert_eq!(spline(usize::MAX, &[], &[], &[]), None);
    }
}
