//! Damaged files of every format: whatever is done to them, they are drawn or refused with a reason. A reader may panic, too,
//! which the fence is for; it does not hang and does not end the process.

use std::panic::{AssertUnwindSafe, catch_unwind};

use image::ImageFormat;
use proptest::prelude::*;

use super::samples;
use super::{Drawn, Format, draw};
use crate::error::{Kind, Result};

fn every() -> Vec<(Format, Vec<u8>)> {
    let sides = [3.0, 2.0, 1.0];
    vec![
        (Format::Png, samples::picture(ImageFormat::Png, 30, 20)),
        (Format::Jpeg, samples::picture(ImageFormat::Jpeg, 30, 20)),
        (Format::Gif, samples::picture(ImageFormat::Gif, 30, 20)),
        (Format::Webp, samples::picture(ImageFormat::WebP, 30, 20)),
        (Format::Bmp, samples::picture(ImageFormat::Bmp, 30, 20)),
        (Format::Tiff, samples::picture(ImageFormat::Tiff, 30, 20)),
        (Format::Pdf, samples::pdf(2, 300, 200)),
        (Format::Stl, samples::stl_binary(sides)),
        (Format::Stl, samples::stl_text(sides)),
        (Format::Obj, samples::obj(sides)),
        (Format::Gltf, samples::gltf(sides)),
        (Format::Glb, samples::glb(sides)),
        (Format::Dxf, samples::dxf()),
    ]
}

/// None for a panic.
fn attempt(content: Vec<u8>, format: Format) -> Option<Result<Drawn>> {
    catch_unwind(AssertUnwindSafe(|| draw(content, format))).ok()
}

fn check(content: Vec<u8>, format: Format) {
    match attempt(content, format) {
        Some(Err(error)) => {
            assert_eq!(error.kind(), Kind::BadRequest, "{format}: {}", error.chain());
            assert!(!error.message().is_empty());
        }
        Some(Ok(drawn)) => assert!(drawn.png.starts_with(b"\x89PNG"), "{format}"),
        None => {}
    }
}

#[test]
fn what_is_whole_is_drawn() {
    for (format, content) in every() {
        assert!(draw(content, format).is_ok(), "{format}");
    }
}

#[test]
fn what_is_cut_off_early_is_refused() {
    // Readers of pages and lines mend what they can, and are right to; these have nothing left to mend.
    for (format, content) in every() {
        for length in [1, 4, 10, content.len() / 10] {
            if let Some(outcome) = attempt(content[..length].to_vec(), format) {
                assert!(outcome.is_err(), "{format} of {length} bytes");
            }
        }
    }
}

#[test]
fn pictures_and_models_that_are_cut_off_are_refused() {
    let mended = [Format::Pdf, Format::Obj, Format::Dxf, Format::Jpeg];
    for (format, content) in every().into_iter().filter(|(format, _)| !mended.contains(format)) {
        for length in [content.len() / 2, content.len() * 9 / 10] {
            if let Some(outcome) = attempt(content[..length].to_vec(), format) {
                assert!(outcome.is_err(), "{format} of {length} of {} bytes", content.len());
            }
        }
    }
}

#[test]
fn a_file_of_another_format_is_refused() {
    for (format, _) in every() {
        for content in [b"\0".repeat(4096), b"lorem ipsum dolor sit amet ".repeat(100), b"<html><script>".to_vec()] {
            if let Some(outcome) = attempt(content, format) {
                assert!(outcome.is_err(), "{format}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_are_survived(
        which in 0usize..13,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        kept in 0.3f64..=1.0,
    ) {
        let (format, mut content) = every().remove(which);
        for (at, byte) in changes {
            let at = at.index(content.len());
            content[at] = byte;
        }
        content.truncate((content.len() as f64 * kept).ceil() as usize);
        check(content, format);
    }

    #[test]
    fn random_bytes_are_survived(which in 0usize..13, head in 0usize..64, tail in prop::collection::vec(any::<u8>(), 0..2048)) {
        let (format, content) = every().remove(which);
        check([&content[..head.min(content.len())], &tail].concat(), format);
    }
}
