//! Small files of every format that previews are drawn of, made here.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

/// A picture of red, with a black corner at the upper left.
pub fn picture(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
    let pixel = |x: u32, y: u32| if x < width / 4 && y < height / 4 { Rgb([0, 0, 0]) } else { Rgb([220, 30, 30]) };
    let mut written = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, pixel)).write_to(&mut written, format).unwrap();
    written.into_inner()
}

pub fn png() -> Vec<u8> {
    picture(ImageFormat::Png, 40, 20)
}

/// A PNG that claims a size in its header and holds next to nothing.
pub fn png_bomb(side: u32) -> Vec<u8> {
    let mut bytes = png();
    bytes[16..20].copy_from_slice(&side.to_be_bytes());
    bytes[20..24].copy_from_slice(&side.to_be_bytes());
    let sum = crc(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    bytes
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    })
}

/// Pages in points, each with a black bar over its lower half.
pub fn pdf(pages: usize, width: u32, height: u32) -> Vec<u8> {
    let bar = format!("0 0 0 rg 0 0 {width} {} re f", height / 2);
    pdf_of(pages, width, height, &format!("<< /Length {} >>\nstream\n{bar}\nendstream", bar.len()))
}

/// The same with contents of one's own, as a stream object.
pub fn pdf_of(pages: usize, width: u32, height: u32, stream: &str) -> Vec<u8> {
    let kids: Vec<String> = (0..pages).map(|page| format!("{} 0 R", page + 4)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Count {pages} /Kids [{}] >>", kids.join(" ")),
        stream.to_owned(),
    ];
    let page = format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents 3 0 R >>");
    objects.extend(vec![page; pages]);
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (at, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.extend(format!("{} 0 obj\n{object}\nendobj\n", at + 1).bytes());
    }
    let start = file.len();
    let trailer = format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1);
    file.extend(table.bytes().chain(trailer.bytes()));
    file
}

/// A box of these sides as 12 triangles of 8 corners.
pub fn cuboid([x, y, z]: [f32; 3]) -> (Vec<[f32; 3]>, Vec<[usize; 3]>) {
    let corner = |n: usize| [(n & 1) as f32 * x, (n >> 1 & 1) as f32 * y, (n >> 2 & 1) as f32 * z];
    let sides = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]];
    let triangles = sides.iter().flat_map(|[a, b, c, d]| [[*a, *b, *c], [*a, *c, *d]]);
    ((0..8).map(corner).collect(), triangles.collect())
}

pub fn stl_binary(sides: [f32; 3]) -> Vec<u8> {
    let (corners, triangles) = cuboid(sides);
    let mut file = vec![b' '; 80];
    file.extend(u32::try_from(triangles.len()).unwrap().to_le_bytes());
    for triangle in triangles {
        file.extend([0u8; 12]);
        file.extend(triangle.iter().flat_map(|at| corners[*at]).flat_map(f32::to_le_bytes));
        file.extend([0u8; 2]);
    }
    file
}

pub fn stl_text(sides: [f32; 3]) -> Vec<u8> {
    let (corners, triangles) = cuboid(sides);
    let mut file = "solid box\n".to_owned();
    for triangle in triangles {
        file.push_str(" facet normal 0 0 0\n  outer loop\n");
        for [x, y, z] in triangle.map(|at| corners[at]) {
            file.push_str(&format!("   vertex {x} {y} {z}\n"));
        }
        file.push_str("  endloop\n endfacet\n");
    }
    file.push_str("endsolid box\n");
    file.into_bytes()
}

/// Faces of four corners.
pub fn obj(sides: [f32; 3]) -> Vec<u8> {
    let (corners, _) = cuboid(sides);
    let mut file = "mtllib elsewhere.mtl\no box\n".to_owned();
    corners.iter().for_each(|[x, y, z]| file.push_str(&format!("v {x} {y} {z}\n")));
    file.push_str("usemtl steel\nf 1 3 4 2\nf 5 6 8 7\nf 1 2 6 5\nf 3 7 8 4\nf 1 5 7 3\nf 2 4 8 6\n");
    file.into_bytes()
}

fn gltf_data(sides: [f32; 3]) -> Vec<u8> {
    let (corners, triangles) = cuboid(sides);
    let positions = corners.iter().flatten().flat_map(|part| part.to_le_bytes());
    let indices = triangles.iter().flatten().flat_map(|at| u16::try_from(*at).unwrap().to_le_bytes());
    positions.chain(indices).collect()
}

fn gltf_json(sides: [f32; 3], buffer: &str) -> String {
    let [x, y, z] = sides;
    format!(
        r#"{{"asset":{{"version":"2.0"}},"scene":0,"scenes":[{{"nodes":[0]}}],
        "nodes":[{{"children":[1],"translation":[5,0,0]}},{{"mesh":0}}],
        "meshes":[{{"primitives":[{{"attributes":{{"POSITION":0}},"indices":1}}]}}],
        "accessors":[{{"bufferView":0,"componentType":5126,"count":8,"type":"VEC3","min":[0,0,0],"max":[{x},{y},{z}]}},
        {{"bufferView":1,"componentType":5123,"count":36,"type":"SCALAR"}}],
        "bufferViews":[{{"buffer":0,"byteOffset":0,"byteLength":96}},{{"buffer":0,"byteOffset":96,"byteLength":72}}],
        "buffers":[{buffer}]}}"#
    )
}

pub fn gltf(sides: [f32; 3]) -> Vec<u8> {
    let data = STANDARD.encode(gltf_data(sides));
    gltf_json(sides, &format!(r#"{{"byteLength":168,"uri":"data:application/octet-stream;base64,{data}"}}"#))
        .into_bytes()
}

/// The shapes are in a file beside it.
pub fn gltf_in_two_files() -> Vec<u8> {
    gltf_json([1.0; 3], r#"{"byteLength":168,"uri":"../../etc/passwd"}"#).into_bytes()
}

pub fn glb(sides: [f32; 3]) -> Vec<u8> {
    let mut json = gltf_json(sides, r#"{"byteLength":168}"#).into_bytes();
    json.resize(json.len().next_multiple_of(4), b' ');
    let data = gltf_data(sides);
    let number = |value: usize| u32::try_from(value).unwrap().to_le_bytes();
    let mut file = b"glTF".to_vec();
    file.extend(number(2).into_iter().chain(number(12 + 8 + json.len() + 8 + data.len())));
    file.extend(number(json.len()).iter().chain(b"JSON"));
    file.extend(&json);
    file.extend(number(data.len()).iter().chain(b"BIN\0"));
    file.extend(&data);
    file
}

/// A DXF of one layer beside the usual ones, with blocks and entities as pairs of code and value.
pub fn dxf_of(blocks: &str, entities: &str) -> Vec<u8> {
    let pairs = |text: &str| {
        text.split(';').filter(|part| !part.is_empty()).map(|part| format!("{part}\n")).collect::<String>()
    };
    let layer = "0;LAYER;2;Umrisse ü;70;0;62;1;6;CONTINUOUS;";
    let tables = format!("0;SECTION;2;TABLES;0;TABLE;2;LAYER;70;1;{layer}0;ENDTAB;0;ENDSEC;");
    let header = "0;SECTION;2;HEADER;9;$ACADVER;1;AC1021;0;ENDSEC;";
    let blocks = format!("0;SECTION;2;BLOCKS;{blocks}0;ENDSEC;");
    pairs(&format!("{header}{tables}{blocks}0;SECTION;2;ENTITIES;{entities}0;ENDSEC;0;EOF;")).into_bytes()
}

/// A rectangle of 200 by 100 with a hole, a text, and a block that is inserted twice.
pub fn dxf() -> Vec<u8> {
    let line = |x1, y1, x2, y2| format!("0;LINE;8;Umrisse ü;10;{x1};20;{y1};11;{x2};21;{y2};");
    let frame = [line(0, 0, 200, 0), line(200, 0, 200, 100), line(200, 100, 0, 100), line(0, 100, 0, 0)].concat();
    let hole = "0;CIRCLE;8;0;10;100;20;50;40;20;";
    let text = "0;TEXT;8;0;10;10;20;10;40;5;1;Plate;";
    let insert = |x| format!("0;INSERT;8;0;2;BOLT;10;{x};20;50;");
    let block = "0;BLOCK;8;0;2;BOLT;70;0;10;0;20;0;0;CIRCLE;8;0;10;0;20;0;40;5;0;ENDBLK;8;0;";
    dxf_of(block, &format!("{frame}{hole}{text}{}{}", insert(20), insert(180)))
}
