//! glTF 2.0: JSON with data inside, and the binary form. What lies in other files is not looked for.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gltf::buffer::Source;
use gltf::mesh::Mode;
use gltf::{Accessor, Gltf, Node, Primitive};

use super::super::geometry::Affine;
use super::super::{Drawn, unusable};
use super::{Surface, Triangle, Up};
use crate::error::Result;

/// Of one part, so that a short file cannot claim more than there is room for.
const MOST_VERTICES: usize = 20_000_000;

pub fn draw(content: &[u8]) -> Result<Drawn> {
    let document =
        Gltf::from_slice(content).map_err(|error| unusable(format!("The glTF file cannot be read: {error}")))?;
    let buffers = buffers(&document)?;
    let placed = placed(&document);
    super::draw(&Scene { buffers, placed })
}

fn buffers(document: &Gltf) -> Result<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    for buffer in document.buffers() {
        let data = match buffer.source() {
            Source::Bin => document.blob.clone().ok_or_else(|| unusable("The glTF file lacks its binary part"))?,
            Source::Uri(uri) => {
                let inline = uri.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
                let (_, text) = inline.ok_or_else(|| {
                    unusable("The glTF file keeps its shapes in another file; export it as one file (.glb)")
                })?;
                STANDARD.decode(text).map_err(|error| unusable(format!("The glTF file is damaged: {error}")))?
            }
        };
        if data.len() < buffer.length() {
            return Err(unusable("The glTF file is damaged: it ends before its data does"));
        }
        found.push(data);
    }
    Ok(found)
}

/// Each primitive with where it is put. Nodes that go round in circles are entered once.
fn placed(document: &Gltf) -> Vec<(Primitive<'_>, Affine)> {
    let scene = document.default_scene().or_else(|| document.scenes().next());
    let Some(scene) = scene else {
        let all = document.meshes().flat_map(|mesh| mesh.primitives());
        return all.map(|primitive| (primitive, Affine::IDENTITY)).collect();
    };
    let mut open: Vec<(Node<'_>, Affine)> = scene.nodes().map(|node| (node, Affine::IDENTITY)).collect();
    let (mut entered, mut placed) = (HashSet::new(), Vec::new());
    while let Some((node, outer)) = open.pop() {
        if !entered.insert(node.index()) {
            continue;
        }
        let here = outer.after(&own_place(&node));
        placed.extend(node.mesh().into_iter().flat_map(|mesh| mesh.primitives()).map(|part| (part, here)));
        open.extend(node.children().map(|child| (child, here)));
    }
    placed
}

fn own_place(node: &Node<'_>) -> Affine {
    let columns = node.transform().matrix().map(|column| [column[0], column[1], column[2]].map(f64::from));
    Affine::of_axes(columns[0], columns[1], columns[2], columns[3])
}

struct Scene<'a> {
    buffers: Vec<Vec<u8>>,
    placed: Vec<(Primitive<'a>, Affine)>,
}

impl Surface for Scene<'_> {
    fn each(&self, visit: &mut dyn FnMut(Triangle)) -> Result<()> {
        for (primitive, place) in &self.placed {
            let Some(corners) = corners_of(primitive.mode()) else { continue };
            let reader = primitive.reader(|buffer| self.buffers.get(buffer.index()).map(Vec::as_slice));
            require_room(primitive)?;
            let Some(positions) = reader.read_positions() else {
                return Err(unusable("The glTF file is damaged: a shape has no positions"));
            };
            let positions: Vec<_> = positions.map(|position| place.apply(position.map(f64::from))).collect();
            require_all(primitive.get(&gltf::Semantic::Positions), positions.len())?;
            match (primitive.indices(), reader.read_indices()) {
                (Some(announced), Some(indices)) => {
                    let indices: Vec<usize> = indices.into_u32().map(|index| index as usize).collect();
                    require_all(Some(announced), indices.len())?;
                    each_of(&positions, indices.len(), &|at| indices[at], corners, visit)?;
                }
                // Without them other triangles would be drawn than were meant.
                (Some(_), None) => {
                    return Err(unusable("The glTF file is damaged: the indices of a shape are not there"));
                }
                (None, _) => each_of(&positions, positions.len(), &|at| at, corners, visit)?,
            }
        }
        Ok(())
    }

    fn vertices(&self) -> Option<u64> {
        let count = |(primitive, _): &(Primitive<'_>, Affine)| {
            let shows = corners_of(primitive.mode()).is_some();
            let positions = primitive.get(&gltf::Semantic::Positions).filter(|_| shows);
            positions.map_or(0, |positions| u64::try_from(positions.count()).unwrap_or(u64::MAX))
        };
        Some(self.placed.iter().map(count).fold(0, u64::saturating_add))
    }

    fn up(&self) -> Up {
        Up::Y
    }
}

/// A list that ends early is not drawn in part.
fn require_all(announced: Option<Accessor<'_>>, found: usize) -> Result<()> {
    match announced {
        Some(announced) if announced.count() != found => {
            let expected = announced.count();
            Err(unusable(format!("The glTF file is damaged: a list has {found} of its {expected} entries")))
        }
        _ => Ok(()),
    }
}

fn require_room(primitive: &Primitive<'_>) -> Result<()> {
    let counts = [primitive.get(&gltf::Semantic::Positions), primitive.indices()].map(|found| found.map(|a| a.count()));
    if counts.into_iter().flatten().any(|count| count > 3 * MOST_VERTICES) {
        return Err(unusable(format!("A shape of the glTF file has more than {MOST_VERTICES} vertices")));
    }
    Ok(())
}

/// How the corners of the n-th triangle are numbered; none for what is no surface.
type Corners = fn(usize) -> [usize; 3];

fn corners_of(mode: Mode) -> Option<Corners> {
    match mode {
        Mode::Triangles => Some(|n| [3 * n, 3 * n + 1, 3 * n + 2]),
        Mode::TriangleStrip => Some(|n| [n, n + 1, n + 2]),
        Mode::TriangleFan => Some(|n| [0, n + 1, n + 2]),
        Mode::Points | Mode::Lines | Mode::LineLoop | Mode::LineStrip => None,
    }
}

fn each_of(
    positions: &[[f64; 3]],
    length: usize,
    index: &dyn Fn(usize) -> usize,
    corners: Corners,
    visit: &mut dyn FnMut(Triangle),
) -> Result<()> {
    for triangle in (0..).map(corners).take_while(|corners| corners[2] < length) {
        let [a, b, c] = triangle.map(|at| positions.get(index(at)).copied());
        let (Some(a), Some(b), Some(c)) = (a, b, c) else {
            return Err(unusable("The glTF file is damaged: a triangle names a vertex that is not there"));
        };
        visit([a, b, c]);
    }
    Ok(())
}
