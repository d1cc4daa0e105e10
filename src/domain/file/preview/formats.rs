//! Which files are recognised, and which of them can be drawn.

use super::super::kind::{FileKind, cad_extensions};
use crate::preview::{Format, PREVIEW_FORMATS};

/// Extensions, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupportedFormats {
    /// Files that are recognised as CAD.
    pub input: Vec<&'static str>,
    /// What is made of files.
    pub output: Vec<&'static str>,
    /// Files that get a preview.
    pub preview: Vec<&'static str>,
}

pub fn supported_formats() -> SupportedFormats {
    let mut input: Vec<_> = cad_extensions().collect();
    input.sort_unstable();
    SupportedFormats { input, output: vec![Format::Png.as_str()], preview: PREVIEW_FORMATS.to_vec() }
}

/// As what a file may be drawn: by its bytes as they were when it came, else by its name. The job looks at the bytes again.
pub(super) fn drawable(kind: &FileKind) -> Option<Format> {
    Format::of_media_type(&kind.mime_type).or_else(|| Format::of_extension(&kind.extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_tell_before_names_what_can_be_drawn() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        for (name, head, format) in [
            ("photo.png", &png[..], Some(Format::Png)),
            ("photo.txt", png, Some(Format::Png)),
            ("photo.stl", png, Some(Format::Png)),
            ("part.stl", b"solid box", Some(Format::Stl)),
            ("part.DXF", b"  0\nSECTION", Some(Format::Dxf)),
            ("page.pdf", b"%PDF-1.7", Some(Format::Pdf)),
            ("part.step", b"ISO-10303-21;", None),
            ("notes.txt", b"text", None),
            ("page.svg", b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", None),
        ] {
            assert_eq!(drawable(&FileKind::of(name, head)), format, "{name}");
        }
    }

    #[test]
    fn the_lists_are_sorted_and_say_each_once() {
        let formats = supported_formats();
        for list in [&formats.input, &formats.preview] {
            assert!(list.windows(2).all(|pair| pair[0] < pair[1]), "{list:?}");
        }
        assert!(["step", "stl", "dwg", "catpart", "3dm"].iter().all(|known| formats.input.contains(known)));
        assert!(!formats.preview.contains(&"step"));
    }
}
