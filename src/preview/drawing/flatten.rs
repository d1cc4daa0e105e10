//! Entities to strokes: each where it is put, blocks as often as they are inserted.

use std::collections::HashMap;

use dxf::entities::{Entity, EntityType, Insert, MText, Polyline, Spline};
use dxf::{Block, Drawing, Point as DxfPoint, Vector};

use super::super::geometry::{Affine, Point, cross, normalized};
use super::super::unusable;
use super::color::{self, INK, Rgb};
use super::curve;
use crate::error::Result;

/// Blocks within blocks.
const MOST_DEEP: usize = 24;
/// Entities after all insertions: few lines can ask for any number.
const MOST_ENTITIES: u64 = 1_000_000;
const MOST_POINTS: usize = 8_000_000;
/// How wide a letter is that is 1 high.
const LETTER: f64 = 0.7;
const LONGEST_TEXT: usize = 400;

/// A line along points, in the space of the drawing.
pub struct Stroke {
    pub color: Rgb,
    pub points: Vec<Point>,
}

pub struct Flattener<'a> {
    drawing: &'a Drawing,
    blocks: HashMap<String, &'a Block>,
    layers: HashMap<&'a str, (Rgb, bool)>,
    strokes: Vec<Stroke>,
    entities: u64,
    points: usize,
}

/// Where and as what the entities of a block appear.
#[derive(Clone, Copy)]
struct Frame {
    place: Affine,
    color: Rgb,
    depth: usize,
}

impl<'a> Flattener<'a> {
    pub fn new(drawing: &'a Drawing) -> Self {
        let layer = |layer: &'a dxf::tables::Layer| {
            (layer.name.as_str(), (color::of(&layer.color).unwrap_or(INK), !layer.color.is_turned_off()))
        };
        Self {
            drawing,
            blocks: drawing.blocks().map(|block| (block.name.to_uppercase(), block)).collect(),
            layers: drawing.layers().map(layer).collect(),
            strokes: Vec::new(),
            entities: 0,
            points: 0,
        }
    }

    /// The model, or where there is none what is laid out on paper.
    pub fn run(mut self) -> Result<Vec<Stroke>> {
        let frame = Frame { place: Affine::IDENTITY, color: INK, depth: 0 };
        for paper in [false, true] {
            for entity in self.drawing.entities().filter(|entity| entity.common.is_in_paper_space == paper) {
                self.entity(entity, &frame)?;
            }
            if !self.strokes.is_empty() {
                break;
            }
        }
        Ok(self.strokes)
    }

    fn entity(&mut self, entity: &Entity, frame: &Frame) -> Result<()> {
        self.entities += 1;
        if self.entities > MOST_ENTITIES {
            return Err(unusable(format!(
                "The drawing shows more than {MOST_ENTITIES} entities, too many for a preview"
            )));
        }
        let layer = self.layers.get(entity.common.layer.as_str());
        if !entity.common.is_visible || layer.is_some_and(|(_, is_on)| !is_on) {
            return Ok(());
        }
        let color = match &entity.common.color {
            color if color.is_by_block() => frame.color,
            color => color::of(color).or(layer.map(|(color, _)| *color)).unwrap_or(INK),
        };
        let frame = Frame { color, ..*frame };
        match &entity.specific {
            EntityType::Insert(insert) => self.insert(insert, &frame),
            EntityType::RotatedDimension(dimension) => self.block(&dimension.dimension_base.block_name, &frame),
            EntityType::RadialDimension(dimension) => self.block(&dimension.dimension_base.block_name, &frame),
            EntityType::DiameterDimension(dimension) => self.block(&dimension.dimension_base.block_name, &frame),
            EntityType::AngularThreePointDimension(dimension) => {
                self.block(&dimension.dimension_base.block_name, &frame)
            }
            EntityType::OrdinateDimension(dimension) => self.block(&dimension.dimension_base.block_name, &frame),
            other => {
                let (plane, points) = outline(other, entity.common.elevation);
                self.stroke(&frame, &frame.place.after(&plane), points)
            }
        }
    }

    fn stroke(&mut self, frame: &Frame, place: &Affine, points: Vec<Point>) -> Result<()> {
        let points: Vec<Point> = points.into_iter().map(|point| place.apply(point)).collect();
        if points.is_empty() || points.iter().flatten().any(|part| !part.is_finite()) {
            return Ok(());
        }
        self.points += points.len();
        if self.points > MOST_POINTS {
            return Err(unusable("The drawing consists of too many lines for a preview"));
        }
        self.strokes.push(Stroke { color: frame.color, points });
        Ok(())
    }

    fn insert(&mut self, insert: &Insert, frame: &Frame) -> Result<()> {
        let Some(block) = self.blocks.get(&insert.name.to_uppercase()).copied() else { return Ok(()) };
        let base = point(&block.base_point).map(|part| -part);
        let scale = [insert.x_scale_factor, insert.y_scale_factor, insert.z_scale_factor];
        let plane = plane(&insert.extrusion_direction).after(&Affine::translation(point(&insert.location)));
        let turned = frame.place.after(&plane).after(&Affine::rotation(insert.rotation));
        for row in 0..insert.row_count.max(1) {
            for column in 0..insert.column_count.max(1) {
                let step = [f64::from(column) * insert.column_spacing, f64::from(row) * insert.row_spacing, 0.0];
                let inner = Affine::translation(step).after(&Affine::scale(scale)).after(&Affine::translation(base));
                self.contents(block, &Frame { place: turned.after(&inner), ..*frame })?;
            }
        }
        let attributes = insert.attributes().filter(|attribute| !attribute.is_invisible());
        for attribute in attributes {
            let text = bar(attribute.location.clone(), attribute.rotation, attribute.text_height, &attribute.value);
            self.stroke(frame, &frame.place.after(&self::plane(&attribute.normal)), text)?;
        }
        Ok(())
    }

    /// Dimensions are drawn by the program that wrote them, in a block of their own.
    fn block(&mut self, name: &str, frame: &Frame) -> Result<()> {
        match self.blocks.get(&name.to_uppercase()).copied() {
            Some(block) => self.contents(block, frame),
            None => Ok(()),
        }
    }

    fn contents(&mut self, block: &'a Block, frame: &Frame) -> Result<()> {
        // An insertion is work, whatever is in it.
        self.entities += 1;
        if frame.depth >= MOST_DEEP {
            return Err(unusable(format!("Blocks of the drawing contain each other more than {MOST_DEEP} deep")));
        }
        let frame = Frame { depth: frame.depth + 1, ..*frame };
        block.entities.iter().try_for_each(|entity| self.entity(entity, &frame))
    }
}

/// The points of an entity and the plane that they are meant in.
fn outline(entity: &EntityType, elevation: f64) -> (Affine, Vec<Point>) {
    let world = Affine::IDENTITY;
    match entity {
        EntityType::Line(line) => (world, vec![point(&line.p1), point(&line.p2)]),
        EntityType::ModelPoint(dot) => (world, vec![point(&dot.location)]),
        EntityType::Circle(circle) => {
            (plane(&circle.normal), curve::arc(point(&circle.center), circle.radius, 0.0, 360.0))
        }
        EntityType::Arc(arc) => {
            (plane(&arc.normal), curve::arc(point(&arc.center), arc.radius, arc.start_angle, arc.end_angle))
        }
        EntityType::Ellipse(ellipse) => {
            let major = vector(&ellipse.major_axis);
            let minor = cross(normalized(vector(&ellipse.normal)).unwrap_or([0.0, 0.0, 1.0]), major);
            let minor = minor.map(|part| part * ellipse.minor_axis_ratio);
            let (from, mut to) = (ellipse.start_parameter, ellipse.end_parameter);
            if to <= from {
                to += std::f64::consts::TAU;
            }
            (world, curve::ellipse(point(&ellipse.center), major, minor, from, to - from))
        }
        EntityType::LwPolyline(line) => {
            let corners = line.vertices.iter().map(|at| ([at.x, at.y, elevation], at.bulge));
            (plane(&line.extrusion_direction), polyline(corners.collect(), line.is_closed()))
        }
        EntityType::Polyline(line) => old_polyline(line),
        EntityType::Spline(spline) => (world, spline_points(spline)),
        EntityType::Face3D(face) => {
            let corners = [&face.first_corner, &face.second_corner, &face.third_corner, &face.fourth_corner];
            (world, closed(corners.map(point).to_vec()))
        }
        // Their third and fourth corner are crossed.
        EntityType::Solid(solid) => {
            let corners = [&solid.first_corner, &solid.second_corner, &solid.fourth_corner, &solid.third_corner];
            (plane(&solid.extrusion_direction), closed(corners.map(point).to_vec()))
        }
        EntityType::Trace(trace) => {
            let corners = [&trace.first_corner, &trace.second_corner, &trace.fourth_corner, &trace.third_corner];
            (plane(&trace.extrusion_direction), closed(corners.map(point).to_vec()))
        }
        EntityType::Leader(leader) => (world, leader.vertices.iter().map(point).collect()),
        EntityType::MLine(line) => (world, line.vertices.iter().map(point).collect()),
        EntityType::Text(text) => {
            (plane(&text.normal), bar(text.location.clone(), text.rotation, text.text_height, &text.value))
        }
        EntityType::MText(text) => (world, paragraph(text)),
        _ => (world, Vec::new()),
    }
}

fn old_polyline(line: &Polyline) -> (Affine, Vec<Point>) {
    if line.is_polyface_mesh() || line.is_3d_polygon_mesh() {
        return (Affine::IDENTITY, line.vertices().map(|at| point(&at.location)).collect());
    }
    let plane = if line.is_3d_polyline() { Affine::IDENTITY } else { plane(&line.normal) };
    let corners = line.vertices().map(|at| (point(&at.location), at.bulge));
    (plane, polyline(corners.collect(), line.is_closed()))
}

fn polyline(mut corners: Vec<(Point, f64)>, is_closed: bool) -> Vec<Point> {
    if is_closed {
        corners.extend(corners.first().copied());
    }
    let mut points: Vec<Point> = corners.first().map(|(first, _)| *first).into_iter().collect();
    for pair in corners.windows(2) {
        points.extend(curve::bulged(pair[0].0, pair[1].0, pair[0].1));
    }
    points
}

fn spline_points(spline: &Spline) -> Vec<Point> {
    let control: Vec<Point> = spline.control_points.iter().map(point).collect();
    let degree = usize::try_from(spline.degree_of_curve).unwrap_or(0);
    match curve::spline(degree, &spline.knot_values, &control, &spline.weight_values) {
        Some(points) => points,
        None if spline.fit_points.is_empty() => control,
        None => spline.fit_points.iter().map(point).collect(),
    }
}

fn closed(mut corners: Vec<Point>) -> Vec<Point> {
    corners.extend(corners.first().copied());
    corners
}

/// A text of one line: a stroke through its middle.
fn bar(location: DxfPoint, rotation: f64, height: f64, text: &str) -> Vec<Point> {
    let letters = text.chars().take(LONGEST_TEXT).count();
    if letters == 0 {
        return Vec::new();
    }
    let place = Affine::translation(point(&location)).after(&Affine::rotation(rotation));
    let middle = height / 2.0;
    [[0.0, middle, 0.0], [letters as f64 * height * LETTER, middle, 0.0]].map(|end| place.apply(end)).to_vec()
}

fn paragraph(text: &MText) -> Vec<Point> {
    let whole: String = text.extended_text.iter().chain([&text.text]).map(String::as_str).collect();
    let longest = whole.split("\\P").max_by_key(|line| line.len()).unwrap_or_default();
    let mut points = bar(text.insertion_point.clone(), text.rotation_angle, text.initial_text_height, longest);
    // The insertion point is at the top; bars begin at the bottom.
    let down = Affine::rotation(text.rotation_angle).apply([0.0, -text.initial_text_height, 0.0]);
    points.iter_mut().for_each(|at| *at = Affine::translation(down).apply(*at));
    points
}

/// The plane that flat entities are drawn in, told by its normal alone: the format's own rule gives the other axes.
fn plane(normal: &Vector) -> Affine {
    let Some(z) = normalized(vector(normal)).filter(|normal| *normal != [0.0, 0.0, 1.0]) else {
        return Affine::IDENTITY;
    };
    let steep = z[0].abs() < 1.0 / 64.0 && z[1].abs() < 1.0 / 64.0;
    let beside = if steep { [0.0, 1.0, 0.0] } else { [0.0, 0.0, 1.0] };
    let Some(x) = normalized(cross(beside, z)) else { return Affine::IDENTITY };
    Affine::of_axes(x, cross(z, x), z, [0.0; 3])
}

fn point(point: &DxfPoint) -> Point {
    [point.x, point.y, point.z]
}

fn vector(vector: &Vector) -> Point {
    [vector.x, vector.y, vector.z]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_seen_from_behind_is_mirrored() {
        let behind = plane(&Vector::new(0.0, 0.0, -1.0));
        assert_eq!(behind.apply([3.0, 2.0, 0.0]), [-3.0, 2.0, 0.0]);
        assert_eq!(plane(&Vector::new(0.0, 0.0, 0.0)), Affine::IDENTITY);
    }

    #[test]
    fn a_closed_polyline_comes_back() {
        let corners = vec![([0.0; 3], 0.0), ([1.0, 0.0, 0.0], 0.0), ([1.0, 1.0, 0.0], 0.0)];
        assert_eq!(polyline(corners.clone(), true).last(), Some(&[0.0; 3]));
        assert_eq!(polyline(corners, false).len(), 3);
        assert!(polyline(Vec::new(), true).is_empty());
    }
}
