//! Each format as it is meant to be: what the picture shows and what is told of it.

use image::{ImageFormat, RgbImage};
use serde_json::{Value, json};

use super::samples;
use super::{Drawn, Format, LONGEST_SIDE, draw};
use crate::error::Kind;

fn picture(drawn: &Drawn) -> RgbImage {
    let picture = image::load_from_memory_with_format(&drawn.png, ImageFormat::Png).unwrap().into_rgb8();
    assert!(picture.width() <= LONGEST_SIDE && picture.height() <= LONGEST_SIDE);
    picture
}

fn facts(drawn: &Drawn) -> Value {
    serde_json::to_value(&drawn.facts).unwrap()
}

fn refusal(content: Vec<u8>, format: Format) -> String {
    let error = draw(content, format).unwrap_err();
    assert_eq!(error.kind(), Kind::BadRequest);
    error.message().to_owned()
}

/// How much of the picture is not background.
fn inked(picture: &RgbImage) -> f64 {
    let background = picture.get_pixel(0, 0);
    let inked = picture.pixels().filter(|pixel| *pixel != background).count();
    inked as f64 / f64::from(picture.width() * picture.height())
}

#[test]
fn pictures_keep_their_proportions() {
    let formats = [
        (ImageFormat::Png, Format::Png),
        (ImageFormat::Jpeg, Format::Jpeg),
        (ImageFormat::Gif, Format::Gif),
        (ImageFormat::WebP, Format::Webp),
        (ImageFormat::Bmp, Format::Bmp),
        (ImageFormat::Tiff, Format::Tiff),
    ];
    for (codec, format) in formats {
        let content = samples::picture(codec, 1200, 300);
        assert_eq!(Format::detect(&content, ""), Some(format));
        let drawn = draw(content, format).unwrap();
        assert_eq!(facts(&drawn), json!({ "kind": "image", "width": 1200, "height": 300 }));
        let picture = picture(&drawn);
        assert_eq!(picture.dimensions(), (512, 128), "{format}");
        let (corner, rest) = (picture.get_pixel(20, 10), picture.get_pixel(400, 100));
        assert!(corner.0[0] < 40 && rest.0[0] > 180 && rest.0[1] < 80, "{format} {corner:?} {rest:?}");
    }
}

#[test]
fn small_pictures_are_not_enlarged_and_see_through_ones_lie_on_the_background() {
    let drawn = draw(samples::png(), Format::Png).unwrap();
    assert_eq!(picture(&drawn).dimensions(), (40, 20));
    let mut clear = std::io::Cursor::new(Vec::new());
    image::RgbaImage::new(3, 3).write_to(&mut clear, ImageFormat::Png).unwrap();
    assert_eq!(picture(&draw(clear.into_inner(), Format::Png).unwrap()).get_pixel(1, 1).0, super::canvas::BACKGROUND);
}

#[test]
fn a_thin_picture_keeps_a_pixel() {
    let drawn = draw(samples::picture(ImageFormat::Png, 6000, 2), Format::Png).unwrap();
    assert_eq!(picture(&drawn).dimensions(), (512, 1));
}

#[test]
fn a_picture_that_claims_too_much_is_refused_before_it_is_decoded() {
    for side in [30_000, 100_000, u32::MAX / 2] {
        let reason = refusal(samples::png_bomb(side), Format::Png);
        assert!(reason.contains("too large") || reason.contains("damaged"), "{side}: {reason}");
    }
    assert!(refusal(samples::png_bomb(60_000), Format::Png).contains("too large"));
}

#[test]
fn the_first_page_of_a_pdf_is_drawn() {
    let drawn = draw(samples::pdf(3, 595, 842), Format::Pdf).unwrap();
    let told = facts(&drawn);
    assert_eq!((&told["kind"], &told["pages"]), (&json!("document"), &json!(3)));
    assert_eq!((told["page_width_mm"].as_f64(), told["page_height_mm"].as_f64()), (Some(209.9), Some(297.04)));
    let picture = picture(&drawn);
    assert_eq!(picture.dimensions(), (362, 512));
    assert_eq!((picture.get_pixel(180, 20).0, picture.get_pixel(180, 500).0), ([255; 3], [0; 3]));
}

#[test]
fn pages_of_odd_sizes_are_drawn() {
    for (width, height) in [(1, 14_400), (14_400, 1), (3, 3), (200_000, 100_000)] {
        let drawn = draw(samples::pdf(1, width, height), Format::Pdf).unwrap();
        assert!(picture(&drawn).width() >= 1, "{width} x {height}");
    }
    assert!(refusal(samples::pdf(0, 100, 100), Format::Pdf).contains("no pages"));
}

#[test]
fn models_of_every_format_are_counted_measured_and_seen() {
    let sides = [4.0, 2.0, 1.0];
    let cases = [
        (samples::stl_binary(sides), Format::Stl, 8),
        (samples::stl_text(sides), Format::Stl, 8),
        (samples::obj(sides), Format::Obj, 8),
        (samples::gltf(sides), Format::Gltf, 8),
        (samples::glb(sides), Format::Glb, 8),
    ];
    for (content, format, vertices) in cases {
        let drawn = draw(content, format).unwrap();
        let told = facts(&drawn);
        assert_eq!(
            told,
            json!({ "kind": "mesh", "triangles": 12, "vertices": vertices, "size": [4.0, 2.0, 1.0] }),
            "{format}"
        );
        let seen = inked(&picture(&drawn));
        assert!((0.2..0.8).contains(&seen), "{format} covers {seen}");
    }
}

#[test]
fn a_binary_model_may_begin_like_a_text() {
    let mut content = samples::stl_binary([1.0; 3]);
    content[..6].copy_from_slice(b"solid ");
    assert_eq!(facts(&draw(content, Format::Stl).unwrap())["triangles"], 12);
}

#[test]
fn three_sides_of_a_box_are_lit_differently() {
    let drawn = draw(samples::stl_binary([1.0; 3]), Format::Stl).unwrap();
    let picture = picture(&drawn);
    let [top, left, right] = [(256, 150), (180, 330), (330, 330)].map(|(x, y)| picture.get_pixel(x, y).0);
    assert!(top != left && left != right && top != right, "{top:?} {left:?} {right:?}");
}

#[test]
fn models_without_a_surface_say_so() {
    let nothing = b"solid nothing\nendsolid nothing\n".to_vec();
    assert_eq!(refusal(nothing, Format::Stl), "The model contains no triangles");
    assert_eq!(refusal(b"v 1 2 3\n".to_vec(), Format::Obj), "The model contains no triangles");
    assert!(refusal(samples::stl_binary([0.0; 3]), Format::Stl).contains("no size"));
    assert!(refusal(samples::stl_binary([f32::NAN; 3]), Format::Stl).contains("numbers"));
}

#[test]
fn nothing_outside_of_a_model_is_read() {
    assert!(refusal(samples::gltf_in_two_files(), Format::Gltf).contains("another file"));
}

#[test]
fn lists_that_end_before_they_should_are_not_drawn_in_part() {
    let text = String::from_utf8(samples::gltf([1.0; 3])).unwrap();
    for (sound, damaged, told) in [
        (r#""byteOffset":96,"byteLength":72"#, r#""byteOffset":100,"byteLength":72"#, "indices"),
        (r#""byteOffset":96,"byteLength":72"#, r#""byteOffset":96,"byteLength":70"#, "indices"),
        (r#""count":36"#, r#""count":39"#, "indices"),
        (r#""count":8,"type":"VEC3""#, r#""count":9,"type":"VEC3""#, "positions"),
        (r#""count":8,"type":"VEC3""#, r#""count":7,"type":"VEC3""#, "vertex that is not there"),
        (r#""byteOffset":0,"byteLength":96"#, r#""byteOffset":100,"byteLength":96"#, "positions"),
    ] {
        let content = text.replace(sound, damaged);
        assert_ne!(text, content);
        let refused = refusal(content.into_bytes(), Format::Gltf);
        assert!(refused.contains("damaged") && refused.contains(told), "{damaged}: {refused}");
    }
}

#[test]
fn nodes_in_a_circle_are_drawn_once() {
    let text = String::from_utf8(samples::gltf([1.0; 3])).unwrap();
    let circle = text.replace(r#"{"mesh":0}"#, r#"{"mesh":0,"children":[0]}"#);
    assert_ne!(text, circle);
    assert_eq!(facts(&draw(circle.into_bytes(), Format::Gltf).unwrap())["triangles"], 12);
}

#[test]
fn a_drawing_is_counted_measured_and_seen() {
    let drawn = draw(samples::dxf(), Format::Dxf).unwrap();
    let told = facts(&drawn);
    assert_eq!(told["entities"], json!({ "CIRCLE": 1, "INSERT": 2, "LINE": 4, "TEXT": 1 }));
    assert!(told["layers"].as_array().unwrap().contains(&json!("Umrisse ü")), "{told}");
    assert_eq!(told["extents"], json!({ "min": [0.0, 0.0], "max": [200.0, 100.0] }));
    let picture = picture(&drawn);
    assert!(picture.width() == 512 && (250..300).contains(&picture.height()), "{:?}", picture.dimensions());
    // The upper edge is of the layer's red.
    let edge: Vec<_> = (0..40).map(|y| picture.get_pixel(256, y).0).filter(|[r, g, _]| *r > 150 && *g < 120).collect();
    assert!(!edge.is_empty());
    // The blocks are where they were inserted.
    let dark = |x: u32| (0..picture.height()).any(|y| picture.get_pixel(x, y).0[0] < 120);
    assert!(dark(21 + 43) && !dark(130));
}

#[test]
fn curves_of_a_drawing_are_drawn() {
    let cases = [
        ("0;ARC;8;0;10;0;20;0;40;10;50;0;51;90;", [10.0, 10.0]),
        ("0;ELLIPSE;8;0;10;0;20;0;30;0;11;10;21;0;31;0;40;0.5;41;0;42;6.283185307179586;", [20.0, 10.0]),
        ("0;LWPOLYLINE;8;0;90;2;70;1;10;0;20;0;42;1;10;10;20;0;42;1;", [10.0, 10.0]),
        ("0;POLYLINE;8;0;66;1;70;0;0;VERTEX;8;0;10;0;20;0;0;VERTEX;8;0;10;7;20;3;0;SEQEND;8;0;", [7.0, 3.0]),
        (
            "0;SPLINE;8;0;70;8;71;2;72;6;73;3;40;0;40;0;40;0;40;1;40;1;40;1;10;0;20;0;30;0;10;2;20;4;30;0;10;4;20;0;30;0;",
            [4.0, 2.0],
        ),
        ("0;SOLID;8;0;10;0;20;0;11;4;21;0;12;0;22;3;13;4;23;3;", [4.0, 3.0]),
        ("0;3DFACE;8;0;10;0;20;0;11;4;21;0;12;4;22;3;13;0;23;3;", [4.0, 3.0]),
    ];
    for (entity, size) in cases {
        let told = facts(&draw(samples::dxf_of("", entity), Format::Dxf).unwrap());
        let corner = |name: &str, at: usize| told["extents"][name][at].as_f64().unwrap();
        for (axis, expected) in size.into_iter().enumerate() {
            let side = corner("max", axis) - corner("min", axis);
            assert!((side - expected).abs() < 0.02, "{entity}: {told}");
        }
    }
}

#[test]
fn blocks_that_contain_themselves_or_too_much_are_refused() {
    let block = |name: &str, inner: &str| format!("0;BLOCK;8;0;2;{name};70;0;10;0;20;0;{inner}0;ENDBLK;8;0;");
    let insert = |name: &str| format!("0;INSERT;8;0;2;{name};10;1;20;1;");
    let circle = samples::dxf_of(&block("A", &insert("A")), &insert("A"));
    assert!(refusal(circle, Format::Dxf).contains("deep"));
    let line = "0;LINE;8;0;10;0;20;0;11;1;21;1;";
    let mut blocks = block("B0", line);
    for level in 1..10 {
        blocks.push_str(&block(&format!("B{level}"), &insert(&format!("B{}", level - 1)).repeat(10)));
    }
    assert!(refusal(samples::dxf_of(&blocks, &insert("B9")), Format::Dxf).contains("more than"));
    let rows = "0;INSERT;8;0;2;B0;10;0;20;0;70;32767;71;32767;44;1;45;1;";
    assert!(refusal(samples::dxf_of(&block("B0", line), rows), Format::Dxf).contains("more than"));
}

#[test]
fn a_drawing_that_shows_nothing_says_so() {
    assert!(refusal(samples::dxf_of("", ""), Format::Dxf).contains("shows nothing"));
}

#[test]
fn an_empty_file_is_refused_in_every_format() {
    for extension in super::PREVIEW_FORMATS {
        assert_eq!(refusal(Vec::new(), extension.parse().unwrap()), "The file is empty");
    }
}
